//! Walking through the questions with a person, in English or Japanese. After each answer the sheet is kept, so that whoever leaves
//! comes back to the first open question.

use std::io::{self, BufRead, Write};

use credential::attestation::RequirementOutcome;

use super::sheet::{Answer, Question, Sheet};

/// The language that a person is asked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// English.
    English,
    /// 日本語.
    Japanese,
}

/// How a person ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Every question has an answer.
    Done,
    /// He leaves, and comes back.
    Early,
}

impl Tongue {
    const fn pick(self, english: &'static str, japanese: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Japanese => japanese,
        }
    }
}

/// Asks what has no answer yet, or was filled in and not looked at. `keep` keeps the sheet after each answer.
///
/// # Errors
/// The person cannot be read or written to, or the sheet not be kept.
pub fn walk(
    sheet: &mut Sheet,
    questions: &[Question],
    tongue: Tongue,
    (input, output): (&mut dyn BufRead, &mut dyn Write),
    keep: &mut dyn FnMut(&Sheet) -> anyhow::Result<()>,
) -> anyhow::Result<Left> {
    let mut place = 0;
    while let Some(question) = questions.get(place) {
        if sheet.answer(question).is_some_and(|answer| !answer.prefilled) {
            place += 1;
            continue;
        }
        show(sheet, question, (place, questions.len()), tongue, output)?;
        match heard(input, sheet.answer(question).is_some())? {
            Heard::Left => return Ok(Left::Early),
            Heard::Back if place > 0 => {
                place -= 1;
                forget(sheet, &questions[place]);
            }
            Heard::Back | Heard::Nothing => writeln!(output, "{}", tongue.pick(AGAIN_EN, AGAIN_JA))?,
            Heard::Outcome(outcome) => {
                let note = noted(outcome, tongue, input, output)?;
                let answers = sheet.answers.entry(question.document.clone()).or_default();
                answers.insert(question.requirement.clone(), Answer { outcome, note, prefilled: false });
                keep(sheet)?;
                place += 1;
            }
        }
    }
    Ok(Left::Done)
}

const AGAIN_EN: &str = "y yes, n no, p partly, x does not apply, b back, q leave and come back";
const AGAIN_JA: &str = "y はい、n いいえ、p 一部、x 該当なし、b 戻る、q 中断（後で再開できます）";

enum Heard {
    Outcome(RequirementOutcome),
    Back,
    Left,
    Nothing,
}

/// An answer; an empty line agrees with what was filled in.
fn heard(input: &mut dyn BufRead, filled: bool) -> io::Result<Heard> {
    let Some(line) = line(input)? else { return Ok(Heard::Left) };
    Ok(match line.as_str() {
        "y" | "yes" | "はい" => Heard::Outcome(RequirementOutcome::Met),
        "" if filled => Heard::Outcome(RequirementOutcome::Met),
        "n" | "no" | "いいえ" => Heard::Outcome(RequirementOutcome::NotMet),
        "p" | "partly" | "一部" => Heard::Outcome(RequirementOutcome::PartlyMet),
        "x" | "n/a" | "該当なし" => Heard::Outcome(RequirementOutcome::NotApplicable),
        "b" | "back" | "戻る" => Heard::Back,
        "q" | "quit" | "中断" => Heard::Left,
        _ => Heard::Nothing,
    })
}

/// The longest line that is read from a person.
const MAX_LINE: u64 = 8 * 1024;

/// The next line without its end; nothing at the end of the input.
fn line(input: &mut dyn BufRead) -> io::Result<Option<String>> {
    use std::io::Read;
    let mut line = String::new();
    let read = input.take(MAX_LINE).read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}

fn show(
    sheet: &Sheet,
    question: &Question,
    (place, all): (usize, usize),
    tongue: Tongue,
    output: &mut dyn Write,
) -> io::Result<()> {
    let Question { document, requirement, wording, cover } = question;
    // In one piece: somebody may be typing meanwhile, and a terminal shows that in between.
    let mut shown = Vec::new();
    writeln!(shown, "\n[{}/{all}] {document} {requirement}  {}", place + 1, wording.title)?;
    let text =
        if tongue == Tongue::Japanese && !wording.japanese.is_empty() { &wording.japanese } else { &wording.text };
    if !text.is_empty() {
        writeln!(shown, "  {text}")?;
    }
    if cover == "touched" {
        writeln!(
            shown,
            "  {}",
            tongue.pick(
                "Your verdicts touch this: look there first.",
                "取得済みの判定結果がこの要求事項に関係します。まずそちらを確認してください。",
            )
        )?;
    }
    let filled = sheet.answer(question).is_some();
    let prompt = match (filled, tongue) {
        (true, Tongue::English) => "Your verdicts cover this. Enter to agree, or y/n/p/x/b/q: ",
        (true, Tongue::Japanese) => "取得済みの判定結果で満たされています。Enterで確定、又は y/n/p/x/b/q：",
        (false, Tongue::English) => "Is it met? y/n/p/x/b/q: ",
        (false, Tongue::Japanese) => "満たしていますか。y/n/p/x/b/q：",
    };
    write!(shown, "{prompt}")?;
    output.write_all(&shown)?;
    output.flush()
}

fn noted(
    outcome: RequirementOutcome,
    tongue: Tongue,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> io::Result<Option<conformity::text::Text<1024>>> {
    if outcome == RequirementOutcome::Met {
        return Ok(None);
    }
    loop {
        write!(output, "{}", tongue.pick("  Note, kept back (Enter for none): ", "  備考（非公開、なければEnter）："))?;
        output.flush()?;
        match line(input)? {
            None => return Ok(None),
            Some(note) if note.is_empty() => return Ok(None),
            Some(note) => match note.parse() {
                Ok(note) => return Ok(Some(note)),
                Err(error) => writeln!(output, "  {error}")?,
            },
        }
    }
}

fn forget(sheet: &mut Sheet, question: &Question) {
    if let Some(answers) = sheet.answers.get_mut(&question.document) {
        answers.remove(&question.requirement);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;
    use crate::import::Wording;

    fn asked() -> Vec<Question> {
        let wording = Wording {
            title: "Policy [方針]".to_owned(),
            text: "A written policy.".to_owned(),
            japanese: "文書の方針。".to_owned(),
        };
        let covers = ["open", "covered", "touched"];
        let question = |(place, cover): (usize, &&str)| Question {
            document: "d@1".parse().unwrap(),
            requirement: format!("R-{place}").parse().unwrap(),
            wording: wording.clone(),
            cover: (*cover).to_owned(),
        };
        covers.iter().enumerate().map(question).collect()
    }

    fn empty() -> Sheet {
        let mut sheet: Sheet = serde_json::from_value(json!({
            "scheme": "demo@1",
            "about": {"verdict": "S-1", "object": {"kind": "organization", "name": "Works"},
                      "viewpoints": ["organization"], "scope": "repair"},
        }))
        .unwrap();
        sheet.prefill(&asked());
        sheet
    }

    fn say(sheet: &mut Sheet, typed: &str, tongue: Tongue) -> (Left, String, usize) {
        let (mut output, mut kept) = (Vec::new(), 0);
        let mut keep = |_: &Sheet| -> anyhow::Result<()> {
            kept += 1;
            Ok(())
        };
        let left = walk(sheet, &asked(), tongue, (&mut typed.as_bytes(), &mut output), &mut keep).unwrap();
        (left, String::from_utf8(output).unwrap(), kept)
    }

    fn outcomes(sheet: &Sheet) -> Vec<Option<&'static str>> {
        asked().iter().map(|one| sheet.answer(one).map(|answer| answer.outcome.as_str())).collect()
    }

    #[test]
    fn a_person_is_asked_what_is_open_and_agrees_with_what_is_covered() {
        let mut sheet = empty();
        let (left, shown, kept) = say(&mut sheet, "y\n\nn\nno lock yet\n", Tongue::English);
        assert_eq!((left, kept), (Left::Done, 3));
        assert_eq!(outcomes(&sheet), [Some("met"), Some("met"), Some("not-met")]);
        assert!(sheet.answer(&asked()[2]).unwrap().note.is_some());
        assert_eq!(sheet.counts().1, 0, "all were looked at");
        for words in ["A written policy.", "Your verdicts cover this", "touch this", "[3/3]"] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
    }

    #[test]
    fn who_leaves_comes_back_to_the_first_open_question() {
        let mut sheet = empty();
        assert_eq!(say(&mut sheet, "p\nhalf\nq\n", Tongue::Japanese).0, Left::Early);
        let (left, shown, _) = say(&mut sheet, "\ny\n", Tongue::Japanese);
        assert_eq!(left, Left::Done);
        assert!(shown.contains("文書の方針。") && !shown.contains("[1/3]"), "{shown}");
        assert_eq!(outcomes(&sheet), [Some("partly-met"), Some("met"), Some("met")]);
    }

    #[test]
    fn one_goes_back_and_a_wrong_word_is_asked_again() {
        let mut sheet = empty();
        let (left, shown, _) = say(&mut sheet, "maybe\ny\nb\nx\n\n\ny\n", Tongue::English);
        assert_eq!(left, Left::Done);
        assert!(shown.contains(AGAIN_EN), "{shown}");
        assert_eq!(outcomes(&sheet)[0], Some("not-applicable"));
    }

    #[test]
    fn the_end_of_the_input_is_leaving() {
        let mut sheet = empty();
        assert_eq!(say(&mut sheet, "y\n", Tongue::English).0, Left::Early);
        assert_eq!(outcomes(&sheet)[0], Some("met"));
    }
}
