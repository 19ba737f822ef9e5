//! OSCAL catalogues in XML, read as a stream of events with an explicit, bounded stack.
//!
//! A document type declaration is refused, and with it every self-made entity: the five predefined entities and character
//! references are all that OSCAL needs.

use conformity::viewpoint::Viewpoint;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use super::{CatalogueError, Control, Draft};

const OSCAL: &str = "http://csrc.nist.gov/ns/oscal/1.0";

/// Elements of a published catalogue nest to about 15.
const DEPTH_MAX: usize = 64;

pub(super) fn read(text: &str) -> Result<Draft, CatalogueError> {
    let mut reader = NsReader::from_str(text);
    let mut reading = Reading::default();
    loop {
        let (namespace, event) = reader.read_resolved_event()?;
        let oscal = matches!(namespace, ResolveResult::Bound(Namespace(uri)) if uri == OSCAL);
        match event {
            Event::Start(start) => reading.open(&start, oscal)?,
            Event::Empty(start) => {
                reading.open(&start, oscal)?;
                reading.stack.pop();
            }
            Event::End(_) => {
                reading.stack.pop();
            }
            Event::Text(text) => reading.text(&text),
            Event::CData(text) => reading.text(&text),
            Event::GeneralRef(entity) => {
                let character = entity.resolve_char_ref()?;
                reading.reference(&entity, character)?;
            }
            Event::DocType(declaration) => {
                let what = declaration.chars().take(60).collect();
                return Err(CatalogueError::Entity { what });
            }
            Event::Eof => return reading.finish(),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// What an open element means to us.
enum Open {
    Catalog,
    Metadata,
    Title,
    Version,
    OscalVersion,
    LastModified,
    /// Where it stands among the draft's controls: they keep the order in which they open.
    Control(usize),
    Statement,
    /// A group that is named after a viewpoint, or after none.
    Group(Option<Viewpoint>),
    /// The last parameter of the control at this place.
    Parameter(usize),
    BackMatter,
    /// The title of the control at this position.
    ControlTitle(usize),
    /// The resource of this id.
    Resource(String),
    Other,
}

#[derive(Default)]
struct Reading {
    draft: Draft,
    stack: Vec<Open>,
    has_root: bool,
}

impl Reading {
    fn open(&mut self, start: &BytesStart<'_>, oscal: bool) -> Result<(), CatalogueError> {
        if self.stack.len() == DEPTH_MAX {
            return Err(CatalogueError::TooDeep { limit: DEPTH_MAX });
        }
        let local = start.local_name();
        let name = local.as_ref();
        let open = match self.stack.last() {
            None => self.root(name, oscal)?,
            Some(_) if !oscal => Open::Other,
            Some(_) if name == "control" => self.control(start)?,
            Some(parent) => within(parent, name, start)?,
        };
        if let Some(Open::Control(at)) = self.stack.last()
            && let Some(control) = self.draft.controls.get_mut(*at)
        {
            notice(control, name, start)?;
        }
        if let (Some(Open::Parameter(at)), "value") = (self.stack.last(), name)
            && let Some(parameter) = self.draft.controls.get_mut(*at).and_then(|control| control.parameters.last_mut())
        {
            parameter.1 = true;
        }
        if let (Some(Open::Resource(id)), "rlink") = (self.stack.last(), name) {
            let href = attribute(start, "href")?.unwrap_or_default();
            self.draft.resources.entry(id.clone()).or_default().push(href);
        }
        self.stack.push(open);
        Ok(())
    }

    fn control(&mut self, start: &BytesStart<'_>) -> Result<Open, CatalogueError> {
        let id = attribute(start, "id")?.ok_or(CatalogueError::Missing { member: "id on a control" })?;
        let within = self.stack.iter().rev().find_map(|open| match open {
            Open::Control(position) => Some(*position),
            _ => None,
        });
        let viewpoint = self.stack.iter().rev().find_map(|open| match open {
            Open::Group(viewpoint) => *viewpoint,
            _ => None,
        });
        Ok(Open::Control(self.draft.control(Control { id, within, viewpoint, ..Control::default() })?))
    }

    fn root(&mut self, name: &str, oscal: bool) -> Result<Open, CatalogueError> {
        self.has_root = true;
        match name {
            "catalog" if oscal => Ok(Open::Catalog),
            _ if oscal => Err(CatalogueError::OtherModel { model: name.to_owned() }),
            _ => Err(CatalogueError::NoModel),
        }
    }

    fn text(&mut self, text: &str) {
        let slot = match self.stack.last() {
            Some(Open::Title) => &mut self.draft.title,
            Some(Open::Version) => &mut self.draft.version,
            Some(Open::OscalVersion) => &mut self.draft.oscal_version,
            Some(Open::LastModified) => &mut self.draft.last_modified,
            Some(Open::ControlTitle(at)) => {
                let control = self.draft.controls.get_mut(*at);
                return control.into_iter().for_each(|control| control.wording.title.push_str(text));
            }
            _ => return self.statement(text),
        };
        slot.get_or_insert_default().push_str(text);
    }

    /// Any words within a statement belong to the control around it.
    fn statement(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let mut within_statement = false;
        for open in self.stack.iter().rev() {
            match open {
                Open::Statement => within_statement = true,
                Open::Control(at) => {
                    if let Some(control) = self.draft.controls.get_mut(*at).filter(|_| within_statement) {
                        control.has_statement = true;
                        let words = &mut control.wording.text;
                        // Paragraphs follow one another with nothing between.
                        if words.ends_with(|last: char| !last.is_whitespace())
                            && text.starts_with(char::is_alphanumeric)
                        {
                            words.push(' ');
                        }
                        words.push_str(text);
                    }
                    return;
                }
                _ => {}
            }
        }
    }

    fn reference(&mut self, name: &str, character: Option<char>) -> Result<(), CatalogueError> {
        let text = match (character, name) {
            (Some(character), _) => character.to_string(),
            (None, "amp") => "&".to_owned(),
            (None, "lt") => "<".to_owned(),
            (None, "gt") => ">".to_owned(),
            (None, "quot") => "\"".to_owned(),
            (None, "apos") => "'".to_owned(),
            (None, _) => return Err(CatalogueError::Entity { what: name.chars().take(60).collect() }),
        };
        self.text(&text);
        Ok(())
    }

    /// The reader itself refuses an end tag too many; one too few shows here.
    fn finish(self) -> Result<Draft, CatalogueError> {
        if !self.has_root || !self.stack.is_empty() {
            return Err(CatalogueError::NoModel);
        }
        Ok(self.draft)
    }
}

fn within(parent: &Open, name: &str, start: &BytesStart<'_>) -> Result<Open, CatalogueError> {
    Ok(match (parent, name) {
        (Open::Catalog, "metadata") => Open::Metadata,
        (Open::Metadata, "title") => Open::Title,
        (Open::Metadata, "version") => Open::Version,
        (Open::Metadata, "oscal-version") => Open::OscalVersion,
        (Open::Metadata, "last-modified") => Open::LastModified,
        (Open::Catalog, "back-matter") => Open::BackMatter,
        (Open::BackMatter, "resource") => Open::Resource(attribute(start, "uuid")?.unwrap_or_default()),
        (Open::Control(at), "title") => Open::ControlTitle(*at),
        (Open::Catalog | Open::Group(_), "group") => {
            Open::Group(attribute(start, "id")?.and_then(|id| id.parse().ok()))
        }
        (Open::Control(at), "param") => Open::Parameter(*at),
        (Open::Control(_), "part") if attribute(start, "name")?.as_deref() == Some("statement") => Open::Statement,
        _ => Open::Other,
    })
}

/// Properties and links stand directly under their control.
fn notice(control: &mut Control, name: &str, start: &BytesStart<'_>) -> Result<(), CatalogueError> {
    match name {
        "param" => control.parameters.push((attribute(start, "id")?.unwrap_or_default(), false)),
        "prop" => {
            let property = attribute(start, "name")?.unwrap_or_default();
            let value = attribute(start, "value")?.unwrap_or_default();
            let (namespace, class) = (attribute(start, "ns")?, attribute(start, "class")?);
            control.property(&property, &value, namespace.as_deref(), class.as_deref());
        }
        "link" => {
            let relation = attribute(start, "rel")?.unwrap_or_default();
            control.link(&relation, &attribute(start, "href")?.unwrap_or_default());
        }
        _ => {}
    }
    Ok(())
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, CatalogueError> {
    let found = start.try_get_attribute(name).map_err(quick_xml::Error::from)?;
    found.map(|attribute| unescape(&attribute.value)).transpose()
}

/// Only the predefined entities and character references stand for something else.
fn unescape(value: &str) -> Result<String, CatalogueError> {
    let unescaped = quick_xml::escape::unescape(value)
        .map_err(|_| CatalogueError::Entity { what: value.chars().take(60).collect() })?;
    Ok(unescaped.into_owned())
}
