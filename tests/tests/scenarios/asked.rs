//! A small company is asked at a terminal, by the program itself: in its language, left halfway, gone on with in another one, thought over, and signed.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use registry_node::import::{example, wordings};
use serde_json::Value;
use tests::{Federation, Party, program};

use crate::declarations::furnish;

/// Runs what it is given at a terminal of its own, types what it reads, and says what is shown. A terminal has no end of input: whoever
/// asks for more than is typed is ended.
const TERMINAL: &str =
    "import os, pty, signal, sys; signal.alarm(120); sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/// `declare` at a terminal, where somebody types this.
async fn typed(works: &Party, language: &str, more: &[&str], keys: String) -> (bool, String) {
    let mut command = Command::new("python3");
    command.args(["-c", TERMINAL]).arg(program::registry_node()).arg("--as").arg(works.folder());
    command.args(["declare", "--scheme", "craft@1", "--verdict", "S-7", "--level", "3", "--language", language]);
    command.args(["--scope", "repair of relays", "--viewpoint", "organization,process"]).args(more);
    command.current_dir(works.folder()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = tokio::task::spawn_blocking(move || -> std::io::Result<Output> {
        let mut child = command.spawn()?;
        if let Some(mut keyboard) = child.stdin.take() {
            keyboard.write_all(keys.as_bytes())?;
        }
        child.wait_with_output()
    });
    let output = ran.await.expect("it runs").expect("a terminal is there");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    (output.status.success(), said + &String::from_utf8_lossy(&output.stderr))
}

fn kept(works: &Party) -> Value {
    let file = works.folder().join("declare-craft@1.json");
    serde_json::from_str(&std::fs::read_to_string(file).expect("answers are kept")).expect("they are JSON")
}

fn answered(works: &Party) -> usize {
    kept(works)["answers"]["common-requirements@1"].as_object().map_or(0, serde_json::Map::len)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_company_is_asked_in_its_language_leaves_and_comes_back() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    furnish(jp).await;
    let works = jp.party("works");
    let asked = wordings(example("common-requirements").unwrap().as_bytes()).unwrap();
    let all = asked.len();

    // Two answers and a note, one of them taken back; then somebody comes in.
    let keys = "y\nn\n\nb\nwhat\nn\nno lock on the store yet\nq\n".to_owned();
    let (left, said) = typed(&works, "ja", &[], keys).await;
    assert!(left && said.contains("満たしていますか") && said.contains(&format!("[1/{all}]")), "{said}");
    assert!(said.contains("y はい、n いいえ") && said.contains("備考（非公開"), "{said}");
    assert!(said.contains("run the same command again to go on"), "{said}");
    assert_eq!(answered(&works), 2);
    assert!(kept(&works).to_string().contains("no lock on the store yet"));
    assert!(jp.ask("/v1/verdicts/jp:S-7").await.is_err(), "nothing was said to anybody");

    // In English it goes on with the third, to the last. What is not met has to be left out in words.
    let (signed, said) = typed(&works, "en", &[], "y\n".repeat(all - 2)).await;
    assert!(!signed && said.contains("Is it met?") && said.contains(&format!("[3/{all}]")), "{said}");
    assert!(!said.contains(&format!("[1/{all}]")) && !said.contains(&format!("[2/{all}]")), "{said}");
    assert!(said.contains("1 requirements are not met in full"), "{said}");
    assert_eq!(answered(&works), all);

    // What is to be signed is looked at first, and thought over.
    let (signed, said) = typed(&works, "en", &["--exclusion", "locks"], "n\n".to_owned()).await;
    assert!(!signed && !said.contains("Is it met?"), "{said}");
    assert!(said.contains("Sign it? y/N") && said.contains("nothing was signed; the answers are kept"), "{said}");
    assert!(jp.ask("/v1/verdicts/jp:S-7").await.is_err());

    let (signed, said) = typed(&works, "ja", &[], "はい\n".to_owned()).await;
    assert!(signed && said.contains("署名しますか") && !said.contains("満たしていますか"), "{said}");
    let declared = jp.verdict("jp:S-7").await;
    assert!(declared["terms"]["provenance"]["self-declared"].is_object(), "{declared}");
    let (again, _) = typed(&works, "en", &[], String::new()).await;
    assert!(again, "once it is signed the same command changes nothing");
    assert_eq!(jp.verdict("jp:S-7").await["history"].as_array().map(Vec::len), Some(1));
}
