//! APERAK of directory D.96A: how the parties of a message stand, as an interchange back to its sender.
//!
//! ```text
//! UNA:+.? '
//! UNB+UNOB:3+asked+asker+261127:2301+A-1++APERAK'
//! UNH+1+APERAK:D:96A:UN'
//! BGM+:::ANSWER ON STANDING+A-1+9'             a name, for D.96A has no code of such a document
//! DTM+137:202611272301:203'
//! RFF+ACW:4711'                                the document that is answered, or the message where it has no number
//! ERC+STOP::86'                                for each finding: the advice, a code of our own (86: assigned by the sender)
//! FTX+AAI+++why'
//! RFF+ZZZ:4012345000009'                       whom it is about
//! FTX+ACB+++AS OF 2026-11-27T23?:00?:00Z, PROOF https?://…'
//! UNT+10+1'
//! UNZ+1+A-1'
//! ```
//!
//! In scope: that message. D.96A is answered whatever the asker's directory is: it is the one that most systems have, and what is
//! written here is valid up to D.01B and later, since newer directories only added a group before RFF. Out of scope: accepting or
//! rejecting the message itself, which is why BGM has no response type (4343).

use super::characters::CharacterSet;
use crate::answer::length;
use crate::{Address, Answer, Document, Finding, Kind, Network, Unanswerable};
use procurement::Advice;

/// Free text of D.96A: C108 has five components of 70 characters.
const LINE: usize = 70;
/// Findings that fit into an interchange whose UNT has six digits, and into a reader's patience.
const FINDINGS_MAX: usize = 200;

/// The whole interchange.
pub(super) fn write(document: &Document, answer: &Answer) -> Result<Vec<u8>, Unanswerable> {
    answer.check(document, Network::Edifact)?;
    if document.kind == Kind::Acknowledgement {
        return Err(Unanswerable::NotAnswered { form: document.form.clone() });
    }
    if answer.findings.len() > FINDINGS_MAX {
        return Err(Unanswerable::TooMany { found: answer.findings.len(), most: FINDINGS_MAX });
    }
    let mut message = Message { lines: header(document, answer)? };
    for finding in &answer.findings {
        message.finding(document, finding)?;
    }
    let asked = CharacterSet::declared(&document.envelope.form).unwrap_or(CharacterSet::B);
    let set = set(asked, &message, &document.envelope)?;
    Ok(message.interchange(set, document, answer))
}

/// The smallest set that carries the answer, from the asker's own on. UNOY is for those who asked in it.
fn set(asked: CharacterSet, message: &Message, envelope: &crate::Envelope) -> Result<CharacterSet, Unanswerable> {
    let tried: &[CharacterSet] = match asked {
        CharacterSet::A => &[CharacterSet::A, CharacterSet::B, CharacterSet::C],
        CharacterSet::B | CharacterSet::Foreign => &[CharacterSet::B, CharacterSet::C],
        CharacterSet::C | CharacterSet::Part(..) => &[CharacterSet::C],
        CharacterSet::Y => &[CharacterSet::Y],
    };
    let addresses = [&envelope.sender, &envelope.receiver];
    let texts = message.lines.iter().flat_map(|line| line.iter().flatten()).map(String::as_str);
    let texts: Vec<&str> =
        texts.chain(addresses.into_iter().flat_map(|one| [&*one.id, &*one.list, &*one.route])).collect();
    let missing = |set: CharacterSet| {
        texts.iter().flat_map(|text| text.chars()).find(|&character| set.encode(character).is_none())
    };
    let mut last = None;
    for &set in tried {
        match missing(set) {
            None => return Ok(set),
            Some(character) => last = Some((set, character)),
        }
    }
    let (set, found) = last.unwrap_or((asked, '\u{fffd}'));
    Err(Unanswerable::Characters { what: "the answer", found, set: set.name().to_owned() })
}

/// Segments as texts, by element and component, before they are released and encoded.
struct Message {
    lines: Vec<Vec<Vec<String>>>,
}

fn line(elements: &[&[&str]]) -> Vec<Vec<String>> {
    elements.iter().map(|components| components.iter().map(|&text| text.to_owned()).collect()).collect()
}

fn header(document: &Document, answer: &Answer) -> Result<Vec<Vec<Vec<String>>>, Unanswerable> {
    let made = answer.made.strftime("%Y%m%d%H%M").to_string();
    let answered = document.reference.as_deref().unwrap_or(&document.envelope.message);
    length("the document's number", answered, 35)?;
    Ok(vec![
        line(&[&["UNH"], &["1"], &["APERAK", "D", "96A", "UN"]]),
        line(&[&["BGM"], &["", "", "", "ANSWER ON STANDING"], &[&answer.reference], &["9"]]),
        line(&[&["DTM"], &["137", &made, "203"]]),
        line(&[&["RFF"], &["ACW", answered]]),
    ])
}

impl Message {
    fn finding(&mut self, document: &Document, finding: &Finding) -> Result<(), Unanswerable> {
        // 1154 has 35 characters; an identifier of a party never has more in EDIFACT.
        length("the party", &finding.party, 35)?;
        let stated = &finding.stated;
        let proof = format!("AS OF {}, PROOF {}", stated.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"), stated.proof);
        self.lines.push(line(&[&["ERC"], &[code(document.told(stated.advice)), "", "86"]]));
        self.lines.push(free_text("AAI", &stated.explanation));
        self.lines.push(line(&[&["RFF"], &["ZZZ", &finding.party]]));
        self.lines.push(free_text("ACB", &proof));
        Ok(())
    }

    fn interchange(&self, set: CharacterSet, document: &Document, answer: &Answer) -> Vec<u8> {
        let envelope = &document.envelope;
        let version = if set == CharacterSet::Y { "4" } else { "3" };
        let day = answer.made.strftime(if set == CharacterSet::Y { "%Y%m%d" } else { "%y%m%d" }).to_string();
        let time = answer.made.strftime("%H%M").to_string();
        let mut unb = vec![
            vec!["UNB".to_owned()],
            vec![set.name().to_owned(), version.to_owned()],
            address(&envelope.receiver),
            address(&envelope.sender),
            vec![day, time],
            vec![answer.reference.clone()],
            vec![String::new()],
            vec!["APERAK".to_owned()],
        ];
        if envelope.test {
            // Priority, request for an acknowledgement and agreement are left out before the test indicator.
            unb.extend([Vec::new(), Vec::new(), Vec::new(), vec!["1".to_owned()]]);
        }
        let count = (self.lines.len() + 1).to_string();
        let mut bytes = b"UNA:+.? '".to_vec();
        put(&mut bytes, set, &unb);
        self.lines.iter().for_each(|line| put(&mut bytes, set, line));
        put(&mut bytes, set, &line(&[&["UNT"], &[&count], &["1"]]));
        put(&mut bytes, set, &line(&[&["UNZ"], &["1"], &[&answer.reference]]));
        bytes
    }
}

/// Application error identification, 9321, at most eight characters.
fn code(advice: Advice) -> &'static str {
    match advice {
        Advice::Go => "GO",
        Advice::Notice => "NOTICE",
        Advice::Conditional => "CONDIT",
        Advice::Stop => "STOP",
    }
}

fn free_text(subject: &str, text: &str) -> Vec<Vec<String>> {
    let characters: Vec<char> = text.chars().collect();
    let lines = characters.chunks(LINE).map(|line| line.iter().collect()).collect();
    vec![vec!["FTX".to_owned()], vec![subject.to_owned()], vec![String::new()], vec![String::new()], lines]
}

fn address(address: &Address) -> Vec<String> {
    vec![address.id.clone(), address.list.clone(), address.route.clone()]
}

/// A segment: empty components and elements at the end are left out, service characters in texts released.
fn put(bytes: &mut Vec<u8>, set: CharacterSet, elements: &[Vec<String>]) {
    for (position, components) in elements.iter().enumerate() {
        if position > 0 {
            bytes.push(b'+');
        }
        let used = components.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1);
        for (position, text) in components[..used].iter().enumerate() {
            if position > 0 {
                bytes.push(b':');
            }
            for character in text.chars() {
                if matches!(character, ':' | '+' | '?' | '\'') {
                    bytes.push(b'?');
                }
                bytes.extend(set.encode(character).unwrap_or_default());
            }
        }
    }
    bytes.push(b'\'');
}
