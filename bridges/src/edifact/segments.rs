//! Bytes into segments, one at a time: service characters, releases, and where everything stands.
//!
//! In scope: service characters and separation, as ISO 9735 has them. Out of scope: character sets, which concern components once
//! they are apart: service characters are single bytes in all of them.

use super::Fault;
use super::characters::CharacterSet;
use crate::refusal::{self, excerpt};
use crate::{Place, Refusal};

/// The most bytes of one segment. The longest of the directories, five free texts of 512 characters, has less.
const SEGMENT_MAX: usize = 64 * 1024;
/// The most components of one segment.
const COMPONENTS_MAX: usize = 1_000;

/// What separates what.
#[derive(Debug, Clone, Copy)]
struct Service {
    component: u8,
    element: u8,
    /// Makes the next byte data; none where UNA has a space there.
    release: Option<u8>,
    /// Separates repetitions of an element, from syntax version 4 on.
    repetition: Option<u8>,
    terminator: u8,
}

impl Service {
    /// Without UNA, levels other than B.
    const USUAL: Self =
        Self { component: b':', element: b'+', release: Some(b'?'), repetition: Some(b'*'), terminator: b'\'' };
    /// Without UNA, level B on a line that takes them: information separators IS1, IS3 and IS4.
    const CONTROL: Self = Self { component: 0x1f, element: 0x1d, release: None, repetition: None, terminator: 0x1c };

    /// After `UNA`: component, element, decimal mark, release, repetition (before version 4 reserved), terminator.
    fn advised(advice: [u8; 6]) -> Option<Self> {
        let [component, element, _, release, repetition, terminator] = advice;
        let unless_space = |byte: u8| (byte != b' ').then_some(byte);
        let service = Self {
            component,
            element,
            release: unless_space(release),
            repetition: unless_space(repetition),
            terminator,
        };
        service.is_sound().then_some(service)
    }

    /// The reserved character is left out: before version 4 it may be anything, for it means nothing.
    fn is_sound(&self) -> bool {
        let mut all = vec![self.component, self.element, self.terminator];
        all.extend(self.release);
        let special =
            |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b' ' | b'\r' | b'\n');
        let sound = all.iter().all(special);
        all.sort_unstable();
        sound && all.windows(2).all(|pair| pair[0] != pair[1])
    }
}

/// A segment, taken apart.
pub(super) struct Segment {
    number: usize,
    offset: usize,
    tag: String,
    elements: Vec<Element>,
}

#[derive(Default)]
struct Element {
    components: Vec<Vec<u8>>,
    repeated: bool,
}

/// The segments of one interchange.
pub(super) struct Segments<'a> {
    input: &'a [u8],
    at: usize,
    number: usize,
    service: Service,
    repeats: bool,
    wrapped: Option<Place>,
}

impl<'a> Segments<'a> {
    /// Finds out the service characters.
    pub(super) fn new(input: &'a [u8]) -> Result<Self, Refusal> {
        refusal::bounded(input)?;
        let start = input.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
        let (service, at) = service(&input[start..]).map_err(|fault| Refusal::new(Place::Byte(start), fault))?;
        Ok(Self { input, at: start + at, number: 0, service, repeats: false, wrapped: None })
    }

    /// From here on, elements may be repeated.
    pub(super) fn repeat(&mut self) {
        self.repeats = true;
    }

    /// The first segment with a line break inside.
    pub(super) fn wrapped(&self) -> Option<&Place> {
        self.wrapped.as_ref()
    }

    /// Where the input ends, or what stands behind the segment that was read last.
    pub(super) fn rest(&self) -> Place {
        let behind = self.input[self.at..].iter().position(|byte| !byte.is_ascii_whitespace());
        Place::Byte(self.at + behind.unwrap_or(0))
    }

    /// Whether only white space is left.
    pub(super) fn is_done(&self) -> bool {
        self.input[self.at..].iter().all(u8::is_ascii_whitespace)
    }

    /// The next segment; none where the input ends.
    pub(super) fn next(&mut self) -> Result<Option<Segment>, Refusal> {
        while self.input.get(self.at).is_some_and(|byte| is_break(*byte)) {
            self.at += 1;
        }
        if self.is_done() {
            return Ok(None);
        }
        self.number += 1;
        let mut raw = Raw { service: self.service, repeats: self.repeats, ..Raw::new(self.at) };
        let place = |raw: &Raw| Place::Segment {
            number: self.number,
            tag: raw.tag(),
            offset: raw.offset,
            element: 0,
            component: 0,
        };
        let used = raw.read(&self.input[self.at..]).map_err(|fault| Refusal::new(place(&raw), fault))?;
        if raw.wrapped && self.wrapped.is_none() {
            self.wrapped = Some(place(&raw));
        }
        self.at += used;
        let segment = Segment { number: self.number, offset: raw.offset, tag: raw.tag(), elements: raw.elements };
        if segment.has_tag() { Ok(Some(segment)) } else { Err(segment.refuse(0, 0, Fault::Tag)) }
    }
}

/// The service characters of an interchange, and how many bytes said so.
fn service(input: &[u8]) -> Result<(Service, usize), Fault> {
    if let Some(advice) = input.strip_prefix(b"UNA") {
        let advice = advice.first_chunk::<6>().ok_or(Fault::NoInterchange)?;
        return Service::advised(*advice).map(|service| (service, 9)).ok_or(Fault::ServiceCharacters);
    }
    match input.strip_prefix(b"UNB").and_then(<[u8]>::first) {
        Some(b'+') => Ok((Service::USUAL, 0)),
        Some(0x1d) => Ok((Service::CONTROL, 0)),
        _ => Err(Fault::NoInterchange),
    }
}

/// Line breaks are in no character set of EDIFACT: systems that know lines only put them anywhere.
fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// A segment that is being read.
struct Raw {
    offset: usize,
    service: Service,
    repeats: bool,
    elements: Vec<Element>,
    components: usize,
    wrapped: bool,
}

impl Raw {
    fn new(offset: usize) -> Self {
        let elements = vec![Element { components: vec![Vec::new()], repeated: false }];
        Self { offset, service: Service::USUAL, repeats: false, elements, components: 1, wrapped: false }
    }

    /// Reads up to the terminator, and says how many bytes that were.
    fn read(&mut self, input: &[u8]) -> Result<usize, Fault> {
        let mut released = false;
        for (index, &byte) in input.iter().enumerate() {
            if index == SEGMENT_MAX || self.components > COMPONENTS_MAX {
                return Err(Fault::SegmentTooLarge { most: SEGMENT_MAX, most_components: COMPONENTS_MAX });
            }
            if is_break(byte) {
                self.wrapped = true;
            } else if released {
                self.push(byte);
                released = false;
            } else if byte == self.service.terminator {
                return Ok(index + 1);
            } else if self.service.release == Some(byte) {
                released = true;
            } else {
                self.take(byte);
            }
        }
        Err(Fault::Unterminated { terminator: char::from(self.service.terminator) })
    }

    fn take(&mut self, byte: u8) {
        if byte == self.service.element {
            self.elements.push(Element::default());
            self.open();
        } else if byte == self.service.component {
            self.open();
        } else if self.repeats && self.service.repetition == Some(byte) {
            if let Some(element) = self.elements.last_mut() {
                element.repeated = true;
            }
            self.open();
        } else {
            self.push(byte);
        }
    }

    fn open(&mut self) {
        self.components += 1;
        if let Some(element) = self.elements.last_mut() {
            element.components.push(Vec::new());
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(component) = self.elements.last_mut().and_then(|element| element.components.last_mut()) {
            component.push(byte);
        }
    }

    /// What stands where the tag should be, as far as it is shown.
    fn tag(&self) -> String {
        let tag = self.elements.first().and_then(|element| element.components.first());
        tag.map(|tag| String::from_utf8_lossy(&tag[..tag.len().min(4)]).into_owned()).unwrap_or_default()
    }
}

impl Segment {
    /// Its tag.
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    fn has_tag(&self) -> bool {
        self.tag.len() == 3 && self.tag.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    }

    /// The place of a component of it; 0 for the whole.
    pub(super) fn place(&self, element: usize, component: usize) -> Place {
        Place::Segment { number: self.number, tag: self.tag.clone(), offset: self.offset, element, component }
    }

    /// Refuses a component of it.
    pub(super) fn refuse(&self, element: usize, component: usize, fault: impl Into<crate::Fault>) -> Refusal {
        Refusal::new(self.place(element, component), fault)
    }

    /// The place of the first component that `set` cannot read.
    pub(super) fn unreadable(&self, set: CharacterSet) -> Option<Place> {
        self.elements.iter().enumerate().find_map(|(element, found)| {
            let component = found.components.iter().position(|bytes| set.decode(bytes).is_none())?;
            Some(self.place(element, component + 1))
        })
    }

    /// A component as text of at most `most` characters; none where it is empty or left out.
    pub(super) fn text(
        &self,
        set: CharacterSet,
        (element, component): (usize, usize),
        what: &'static str,
        most: usize,
    ) -> Result<Option<String>, Refusal> {
        let refuse = |fault| self.refuse(element, component, fault);
        let Some(found) = self.elements.get(element) else { return Ok(None) };
        if found.repeated {
            return Err(self.refuse(element, 0, Fault::Repeated));
        }
        let Some(bytes) = found.components.get(component - 1).filter(|bytes| !bytes.is_empty()) else {
            return Ok(None);
        };
        let text =
            set.decode(bytes).ok_or_else(|| refuse(crate::Fault::NotText { encoding: set.name().to_owned() }))?;
        if text.chars().any(char::is_control) {
            let wanted = "free of control characters";
            return Err(refuse(crate::Fault::Unlike { found: excerpt(&text), wanted }));
        }
        match text.chars().count() {
            found if found > most => Err(refuse(crate::Fault::TooLong { what, found, most })),
            _ => Ok(Some(text)),
        }
    }

    /// A component that must be there.
    pub(super) fn need(
        &self,
        set: CharacterSet,
        (element, component): (usize, usize),
        what: &'static str,
        most: usize,
    ) -> Result<String, Refusal> {
        self.text(set, (element, component), what, most)?
            .ok_or_else(|| self.refuse(element, component, crate::Fault::Missing { what }))
    }
}
