//! What became of a verdict, as news for one partner in Catena-X: the same news is the same bytes, whoever tells it and whenever, but for what
//! the member says itself: by which number it goes.

use aws_lc_rs::digest;
use bridges::Unanswerable;
use bridges::catena_x::edition::{CertificateId, Turn};
use bridges::catena_x::{Exchange, Header, LegalEntity, Lifecycle, Outline};
use conformity::ids::{RegistryId, VerdictId};
use conformity::time::Day;
use uuid::Builder;

/// Who tells whom of which verdict.
pub struct News<'a> {
    /// The verdict.
    pub verdict: &'a VerdictId,
    /// The registry that has it.
    pub registry: &'a RegistryId,
    /// Who tells it.
    pub sender: &'a LegalEntity,
    /// Whom it is told.
    pub receiver: &'a LegalEntity,
}

/// What is told of a certificate beside what became of it.
pub struct Told<'a> {
    /// What it is a certificate of, in the network's words: the same as long as it is the same certificate.
    pub certificate_type: &'a str,
    /// Its first day.
    pub valid_from: Day,
}

impl News<'_> {
    /// As an event of CX-0135: that this became of it, as it stood then.
    ///
    /// # Errors
    /// What the event does not allow.
    pub fn of(&self, turn: &Turn, told: &Told<'_>) -> Result<Vec<u8>, Unanswerable> {
        let outline = Outline {
            scheme: told.certificate_type.to_owned(),
            valid_from: told.valid_from.date(),
            valid_until: turn.valid_until.map(Day::date),
        };
        outline.notification(&self.exchange(turn), turn.edition.became)
    }

    /// That a certificate holds no longer, which says nothing else of it.
    ///
    /// # Errors
    /// What the event does not allow.
    pub fn withdrawal(&self, turn: &Turn) -> Result<Vec<u8>, Unanswerable> {
        self.exchange(turn).withdrawal()
    }

    fn exchange(&self, turn: &Turn) -> Exchange {
        let certificate = self.certificate(turn);
        Exchange {
            header: Header {
                sender: self.sender.to_string(),
                receiver: self.receiver.to_string(),
                message: self.id(turn),
                sent: turn.at,
            },
            exchange: (turn.edition.became == Lifecycle::Created)
                .then(|| exchange(self.registry, &certificate, self.receiver)),
            certificate: certificate.to_string(),
            revision: turn.edition.revision,
        }
    }

    /// The event's id: another one for each thing that is told and each partner, and always the same.
    #[must_use]
    pub fn id(&self, turn: &Turn) -> String {
        let (edition, certificate) = (turn.edition, self.certificate(turn));
        made(&format!(
            "{}:{certificate} {:?} {} {} event",
            self.registry, edition.became, edition.revision, self.receiver
        ))
    }

    fn certificate(&self, turn: &Turn) -> CertificateId {
        CertificateId { verdict: self.verdict.clone(), spell: turn.edition.spell }
    }
}

/// The exchange that is opened where a partner is told of a certificate: the partner says later by it what it makes of that.
#[must_use]
pub fn exchange(registry: &RegistryId, certificate: &CertificateId, receiver: &LegalEntity) -> String {
    made(&format!("{registry}:{certificate} {receiver} exchange"))
}

/// RFC 9562, version 8.
fn made(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, of)| *byte = *of);
    Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
