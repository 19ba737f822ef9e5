//! `coverage`: what of a document is met already, and what remains.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use conformity::identifiers::Identifier;
use conformity::ids::DocumentRef;
use conformity::words::{Language, Params, label};
use serde_json::Value;

use super::as_of::{self, AsOf};
use super::context::Context;
use super::output::table;
use super::show::nothing;
use super::standing::escape;

/// Ask which requirements of a document are covered already, which are touched, and which remain
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as works-1 coverage nist-sp-800-171@r3 --supplier corporate-number:7000012050002
  registry-node --as buyer-1 coverage nist-sp-800-171@r3 --met iso-iec-27001@2022 --only open
  registry-node --as works-1 coverage nist-sp-800-171@r3 --supplier corporate-number:7000012050002 --json

Covered follows from what is met by relations that carry; an intersection never does, nor a chain of them. Touched says where to look
first. The supplier itself, its bodies and the operator get an answer requirement by requirement, from what its credentials keep
back, and so do those to whom the supplier consented (it is told); for others a verdict counts as the whole of what its scheme assesses, as
far as its viewpoints and exclusions reach, if the scheme has no levels. Evidence in: which verdict has evidence that can be used again.")]
pub(super) struct Coverage {
    /// The document that is needed, id@version
    document: DocumentRef,
    /// From the verdicts on this supplier
    #[arg(long)]
    supplier: Option<Identifier>,
    /// Suppose that all of this document is met, id@version; may be repeated
    #[arg(long, value_name = "DOCUMENT")]
    met: Vec<DocumentRef>,
    /// Show these only: covered, touched or open
    #[arg(long, value_name = "WHICH", value_parser = ["covered", "touched", "open"])]
    only: Option<String>,
    #[command(flatten)]
    as_of: AsOf,
}

impl Coverage {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        if self.supplier.is_none() && self.met.is_empty() {
            bail!("say what is met: --supplier for its verdicts, or --met for a whole document");
        }
        let answer: Value = context.ask(&self.path())?;
        context.answer(&answer, |answer| self.render(answer, context.language))
    }

    fn path(&self) -> String {
        let supplier = self.supplier.iter().map(|supplier| ("supplier", supplier.to_string()));
        let met = self.met.iter().map(|document| ("met", document.to_string()));
        let members = supplier.chain(met).map(|(name, value)| format!("{name}={}", escape(&value)));
        let query: Vec<String> = members.collect();
        let path = format!("/v1/documents/{}/coverage?{}", escape(&self.document.to_string()), query.join("&"));
        self.as_of.appended(&path)
    }

    fn render(&self, answer: &Value, language: Language) -> String {
        let shown = |line: &&Value| match self.only.as_deref() {
            None => true,
            Some("covered") => matches!(word(line, "cover"), "met" | "covered"),
            Some(which) => word(line, "cover") == which,
        };
        let lines = list(answer, "requirements").iter().filter(shown);
        let rows: Vec<_> = lines.map(|line| row(line, answer, language)).collect();
        let basis = list(answer, "basis").iter().map(|one| basis(one, language));
        let basis = as_of::told(answer, language).into_iter().chain(basis);
        let sentence = word(&answer["text"], language.as_str()).to_owned();
        let headings = ["requirement", "cover", "covered-by", "evidence-in"];
        let headings =
            headings.map(|one| label(&format!("heading-{one}"), language, &Params::default()).to_uppercase());
        basis
            .chain(nothing(answer, language))
            .chain([table(headings.each_ref().map(String::as_str), &rows)])
            .chain([sentence])
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value[member].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// From where, by which relations, and which verdicts have evidence, in one line.
fn row(line: &Value, answer: &Value, language: Language) -> [String; 4] {
    let steps = list(line, "by").iter().map(|step| {
        let names = |side| {
            let names =
                list(step, side).iter().map(|one| format!("{} {}", word(one, "document"), word(one, "requirement")));
            names.collect::<Vec<_>>().join(" + ")
        };
        format!("{} {} {}", names("from"), word(step, "relation"), names("to"))
    });
    let way = steps.collect::<Vec<_>>().join("; ");
    let others = list(line, "origins").len().saturating_sub(1);
    let more = label("and-more", language, &Params::default().with("others", others));
    let way = if others == 0 { way } else { format!("{way}{more}") };
    let given = list(line, "evidenceIn").iter().filter_map(|place| usize::try_from(place.as_u64()?).ok());
    let given: Vec<&str> = given
        .map(|place| &answer["basis"][place])
        .map(|basis| if basis["verdict"].is_string() { word(basis, "verdict") } else { word(basis, "document") })
        .collect();
    [word(line, "requirement").to_owned(), word(line, "cover").to_owned(), way, given.join(", ")]
}

fn basis(basis: &Value, language: Language) -> String {
    let given = ["verdict", "scheme", "outcome", "document"].into_iter().fold(Params::default(), |params, name| {
        let value = basis[name].as_str();
        value.map_or(params.clone(), |value| params.with(name, value))
    });
    let given = given.with("met", basis["met"].as_u64().unwrap_or(0)).with("left-out", list(basis, "leftOut").len());
    label(&format!("met-{}", word(basis, "basis")), language, &given) + &excluded(basis, language)
}

/// Which requirements exclusions took out, the first of them by name.
fn excluded(basis: &Value, language: Language) -> String {
    const NAMED: usize = 8;
    let by_exclusion = list(basis, "leftOut").iter().filter(|one| word(one, "because") == "excluded");
    let names: Vec<&str> = by_exclusion.map(|one| word(one, "requirement")).collect();
    let (named, others) = names.split_at(names.len().min(NAMED));
    let params = Params::default().with("names", named.join(", "));
    match (named, others) {
        ([], _) => String::new(),
        (_, []) => label("excluded", language, &params),
        _ => label("excluded-and-more", language, &params.with("others", others.len())),
    }
}
