//! What became of a verdict, as news for one partner in Catena-X: the same news is the same bytes, whoever tells it and whenever.

use aws_lc_rs::digest;
use bridges::Unanswerable;
use bridges::catena_x::edition::{CertificateId, Turn};
use bridges::catena_x::{Exchange, Header, LegalEntity, Lifecycle, Outline};
use conformity::ids::RegistryId;
use conformity::time::Day;
use conformity::verdict::VerdictRecord;
use uuid::Builder;

/// Who tells whom of which verdict.
pub struct News<'a> {
    /// The verdict.
    pub verdict: &'a VerdictRecord,
    /// The registry that has it.
    pub registry: &'a RegistryId,
    /// What it is a certificate of, in the network's words.
    pub certificate_type: &'a str,
    /// Who tells it.
    pub sender: &'a LegalEntity,
    /// Whom it is told.
    pub receiver: &'a LegalEntity,
}

impl News<'_> {
    /// As an event of CX-0135: that this became of it. What is told of it beside is as it stands now.
    ///
    /// # Errors
    /// What the event does not allow.
    pub fn of(&self, turn: &Turn) -> Result<Vec<u8>, Unanswerable> {
        let VerdictRecord { terms, now, .. } = self.verdict;
        let (edition, certificate) = (turn.edition, self.certificate(turn).to_string());
        let outline = Outline {
            scheme: self.certificate_type.to_owned(),
            valid_from: terms.valid_from.date(),
            valid_until: now.valid_until.map(Day::date),
        };
        let exchange = Exchange {
            header: Header {
                sender: self.sender.to_string(),
                receiver: self.receiver.to_string(),
                message: self.id(turn),
                sent: turn.at,
            },
            exchange: (edition.became == Lifecycle::Created).then(|| self.made("exchange", turn)),
            certificate,
            revision: edition.revision,
        };
        outline.notification(&exchange, edition.became)
    }

    /// The event's id: another one for each thing that is told and each partner, and always the same.
    #[must_use]
    pub fn id(&self, turn: &Turn) -> String {
        self.made("event", turn)
    }

    fn certificate(&self, turn: &Turn) -> CertificateId {
        CertificateId { verdict: self.verdict.id().clone(), spell: turn.edition.spell }
    }

    /// RFC 9562, version 8.
    fn made(&self, part: &str, turn: &Turn) -> String {
        let became = turn.edition.became;
        let text =
            format!("{}:{} {} {became:?} {} {part}", self.registry, self.certificate(turn), turn.entry, self.receiver);
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, of)| *byte = *of);
        Builder::from_custom_bytes(bytes).into_uuid().to_string()
    }
}
