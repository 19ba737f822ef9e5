//! XML into a small tree, bounded: what UBL and its like need, and nothing that an attacker needs.
//!
//! In scope: elements with namespaces, attributes without, texts; any encoding that contains ASCII, the one declared; the five predefined entities and character references.
//! Document types are refused, and with them every self-made entity. Out of scope: what the elements mean.

use std::borrow::Cow;

use encoding_rs::Encoding;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use crate::refusal::{self, excerpt};
use crate::{Place, Refusal};

/// The deepest nesting: an element that stands in none has depth 1. UBL's deepest examples have twelve.
const DEPTH_MAX: usize = 32;
/// The most elements. An order of a thousand lines has less.
const ELEMENTS_MAX: usize = 100_000;
/// The longest name of an element, in bytes.
const NAME_MAX: usize = 100;
/// The longest namespace, in bytes.
const NAMESPACE_MAX: usize = 200;
/// The longest value that is read.
const VALUE_MAX: usize = 200;
/// The longest declaration, with its encoding.
const DECLARATION_MAX: usize = 256;
/// The most attributes of one element.
const ATTRIBUTES_MAX: usize = 32;

/// Why XML is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not well-formed.
    #[error("not XML: {message}")]
    NotXml {
        /// Why, cut to 80 characters.
        message: String,
    },
    /// It declares a document type.
    #[error("a document type is declared; documents of trade have none, and entities of it are never expanded")]
    DocumentType,
    /// It refers to an entity that is not predefined.
    #[error("the entity {name:?} is not predefined; write the characters themselves")]
    Entity {
        /// Its name, cut to 80 characters.
        name: String,
    },
    /// A prefix that nothing binds.
    #[error("the prefix {prefix:?} is bound to no namespace")]
    Prefix {
        /// The prefix, cut to 80 characters.
        prefix: String,
    },
    /// It is nested too deeply.
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// It declares an encoding that is not known, or in which the declaration could not be read.
    #[error("the encoding {encoding:?} is not read; send UTF-8")]
    Encoding {
        /// What is declared, cut to 80 characters.
        encoding: String,
    },
    /// Nothing but comments and white space.
    #[error("no element stands here")]
    NoElement,
    /// Something beside the one element that holds all.
    #[error("something stands beside the one element that holds the document")]
    Beside,
}

/// An element.
#[derive(Debug)]
pub(crate) struct Element {
    /// Its local name.
    pub(crate) name: String,
    /// Its namespace; empty where it has none.
    pub(crate) namespace: String,
    attributes: Vec<(String, String)>,
    /// The text that stands in it directly.
    text: String,
    /// What stands in it.
    pub(crate) children: Vec<Element>,
    offset: usize,
}

impl Element {
    /// The first child of that name and namespace.
    pub(crate) fn child(&self, namespace: &str, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name && child.namespace == namespace)
    }

    /// Every child of that name and namespace.
    pub(crate) fn all<'a>(&'a self, namespace: &'a str, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name && child.namespace == namespace)
    }

    /// An attribute without a namespace.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Its text without white space around it; none where nothing is left.
    pub(crate) fn text(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// Its text, which must be there, of at most [`VALUE_MAX`] characters.
    pub(crate) fn value(&self, path: &str) -> Result<String, Refusal> {
        let refuse = |fault| Refusal::new(self.place(path), fault);
        let text = self.text().ok_or_else(|| refuse(crate::Fault::Missing { what: "its value" }))?;
        match text.chars().count() {
            found if found > VALUE_MAX => {
                Err(refuse(crate::Fault::TooLong { what: "its value", found, most: VALUE_MAX }))
            }
            _ if text.chars().any(char::is_control) => {
                Err(refuse(crate::Fault::Unlike { found: excerpt(text), wanted: "free of control characters" }))
            }
            _ => Ok(text.to_owned()),
        }
    }

    /// Its place, below `path`.
    pub(crate) fn place(&self, path: &str) -> Place {
        Place::Element { path: format!("{path}/{}", self.name), offset: self.offset }
    }
}

/// The element that holds all of a document.
pub(crate) fn read(input: &[u8]) -> Result<Element, Refusal> {
    refusal::bounded(input)?;
    let text = text(input)?;
    let mut reader = NsReader::from_str(&text);
    let mut tree = Tree::default();
    loop {
        let event = reader.read_event();
        let at = place(reader.buffer_position());
        let event = event.map_err(|error| Refusal::new(place(reader.error_position()), not_xml(&error)))?;
        let taken = match event {
            Event::Start(start) => element(&reader, &start, at.clone()).and_then(|found| tree.open(found)),
            Event::Empty(start) => {
                element(&reader, &start, at.clone()).and_then(|found| tree.open(found)).and_then(|()| tree.close())
            }
            Event::End(_) => tree.close(),
            Event::Text(text) => tree.text(&text.xml10_content()),
            Event::CData(text) => tree.text(&text.xml10_content()),
            Event::GeneralRef(entity) => resolve(&entity).and_then(|text| tree.text(&text)),
            Event::DocType(_) => Err(Fault::DocumentType.into()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => Ok(()),
            Event::Eof => return tree.finish().map_err(|fault| Refusal::new(at, fault)),
        };
        taken.map_err(|fault| Refusal::new(at, fault))?;
    }
}

fn place(offset: u64) -> Place {
    Place::Byte(usize::try_from(offset).unwrap_or(usize::MAX))
}

fn not_xml(error: &quick_xml::Error) -> Fault {
    Fault::NotXml { message: excerpt(&error.to_string()) }
}

/// The input as text: in the encoding that it declares, which is UTF-8 where it declares none.
fn text(input: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let encoding = match declared(input).map_err(|fault| Refusal::new(Place::Byte(0), fault))? {
        None => encoding_rs::UTF_8,
        Some(label) => Encoding::for_label(label.as_bytes())
            .filter(|encoding| encoding.is_ascii_compatible())
            .ok_or_else(|| Refusal::new(Place::Byte(0), Fault::Encoding { encoding: excerpt(&label) }))?,
    };
    let refuse = |at| Refusal::new(Place::Byte(at), crate::Fault::NotText { encoding: encoding.name().to_owned() });
    if encoding == encoding_rs::UTF_8 {
        return std::str::from_utf8(input).map(Cow::Borrowed).map_err(|error| refuse(error.valid_up_to()));
    }
    encoding.decode_without_bom_handling_and_without_replacement(input).ok_or_else(|| refuse(0))
}

/// The encoding that a declaration names, which is ASCII itself.
fn declared(input: &[u8]) -> Result<Option<String>, Fault> {
    let head = &input[..input.len().min(DECLARATION_MAX)];
    let Some(end) = head.windows(2).position(|pair| pair == b"?>") else { return Ok(None) };
    let Ok(head) = std::str::from_utf8(&head[..end + 2]) else { return Ok(None) };
    match NsReader::from_str(head).read_event() {
        Ok(Event::Decl(declaration)) => {
            let found = declaration.encoding().transpose().map_err(|error| not_xml(&error.into()))?;
            Ok(found.map(Cow::into_owned))
        }
        _ => Ok(None),
    }
}

fn resolve(entity: &BytesRef<'_>) -> Result<String, crate::Fault> {
    if let Some(character) = entity.resolve_char_ref().map_err(|error| not_xml(&error))? {
        return Ok(character.to_string());
    }
    let unknown = || Fault::Entity { name: excerpt(entity) };
    Ok(quick_xml::escape::resolve_predefined_entity(entity).ok_or_else(unknown)?.to_owned())
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>, at: Place) -> Result<Element, crate::Fault> {
    let namespace = match reader.resolver().resolve_element(start.name()).0 {
        ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(prefix) => return Err(Fault::Prefix { prefix: excerpt(prefix.as_ref()) }.into()),
    };
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| not_xml(&error.into()))?;
        if attributes.len() == ATTRIBUTES_MAX {
            return Err(crate::Fault::TooMany { what: "attributes of one element", most: ATTRIBUTES_MAX });
        }
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|error| not_xml(&error))?;
        attributes.push((attribute.key.as_ref().to_owned(), Cow::into_owned(value)));
    }
    let offset = if let Place::Byte(offset) = at { offset } else { 0 };
    let name = start.local_name().as_ref().to_owned();
    // Every element below carries the namespace and adds to the path: long ones would multiply what came in.
    for (what, text, most) in [("a name", &name, NAME_MAX), ("a namespace", &namespace, NAMESPACE_MAX)] {
        if text.len() > most {
            return Err(crate::Fault::TooLong { what, found: text.len(), most });
        }
    }
    Ok(Element { name, namespace, attributes, text: String::new(), children: Vec::new(), offset })
}

/// A document that is being read.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, element: Element) -> Result<(), crate::Fault> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(Fault::Beside.into());
        }
        if self.open.len() == DEPTH_MAX {
            return Err(Fault::TooDeep.into());
        }
        if self.elements == ELEMENTS_MAX {
            return Err(crate::Fault::TooMany { what: "elements", most: ELEMENTS_MAX });
        }
        self.elements += 1;
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), crate::Fault> {
        let Some(element) = self.open.pop() else { return Err(Fault::Beside.into()) };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), crate::Fault> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(Fault::Beside.into()),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, crate::Fault> {
        match (self.open.last(), self.root) {
            (None, Some(root)) => Ok(root),
            (None, None) => Err(Fault::NoElement.into()),
            (Some(open), _) => {
                Err(Fault::NotXml { message: excerpt(&format!("<{}> is not closed", open.name)) }.into())
            }
        }
    }
}

/// XML that is being written: UTF-8, escaped, without white space between elements.
pub(crate) struct Writer {
    text: String,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned() }
    }

    /// An element with what `content` writes into it.
    pub(crate) fn element(&mut self, name: &str, attributes: &[(&str, &str)], content: impl FnOnce(&mut Self)) {
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            self.text.push_str(&format!(" {name}=\"{}\"", quick_xml::escape::escape(*value)));
        }
        self.text.push('>');
        content(self);
        self.text.push_str(&format!("</{name}>"));
    }

    /// An element with a text.
    pub(crate) fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.element(name, attributes, |inner| inner.text.push_str(&quick_xml::escape::escape(text)));
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}
