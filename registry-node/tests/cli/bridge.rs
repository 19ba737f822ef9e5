//! Documents of a trading network, answered by commands, one by one and by a folder.

use std::path::Path;
use std::time::{Duration, Instant};

use registry_node::client::Client;
use registry_node::credentials::Credentials;

use crate::guide::shown;
use crate::house::{House, read};
use crate::story::{GRANT, furnished};

const POLICY: &str = r#"{"policy": "parts", "version": 1, "rules": [{"id": "direct", "otherwise": "stop",
  "requires": {"verdict": {"scheme": "demo", "viewpoints": ["organization"]}}}]}"#;

/// No machine takes longer.
const LIMIT: Duration = Duration::from_secs(120);

const WATCH: &str =
    "--as buyer bridge watch edifact --policy policy.json --in in --out out --refused refused --settle 1";

/// An order to the supplier with this number, which has a verdict where it is 5013546107732.
fn order(supplier: &str) -> String {
    format!(
        "UNB+UNOC:3+5400110000009:14+5013546107732:14+261127:2300+R-1'UNH+1+ORDERS:D:96A:UN'BGM+220+PO-1'\
         NAD+BY+5400110000009::9'NAD+SU+{supplier}::9'UNT+5+1'UNZ+1+R-1'"
    )
}

fn trading() -> House {
    let house = furnished();
    let grant = GRANT.replace("corporate-number:7000012050002", "gln:5013546107732");
    house.good(&format!("--as certification-body grant V-1 {grant}"));
    house.write("policy.json", POLICY);
    for folder in ["in", "out", "refused"] {
        std::fs::create_dir(house.path(folder)).unwrap();
    }
    house
}

/// The names in a folder that do not begin with a dot.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn files_are_answered_by_a_policy_that_is_sent() {
    let house = trading();
    house.write("good.edi", &order("5013546107732"));
    house.write("stranger.edi", &order("4012345000009"));
    let bridge = "--as buyer bridge edifact --policy policy.json";
    let good = house.good(&format!("{bridge} good.edi --out out"));
    assert!(good.contains("good.edi: ORDERS:D:96A:UN PO-1") && good.contains("5013546107732: go on"), "{good}");
    let written = names(&house.path("out"));
    assert_eq!(written.len(), 2, "{written:?}");
    assert!(written[0].starts_with("good.edi.") && written[0].ends_with(".1.edi"), "{written:?}");
    let answer = read(&house.path("out").join(&written[0]));
    assert!(answer.contains("ERC+GO::86") && answer.contains("RFF+ACW:PO-1"), "{answer}");

    let both = house.run(&format!("{bridge} good.edi stranger.edi --json"));
    let told: serde_json::Value = serde_json::from_str(&both.out).unwrap();
    assert_eq!((both.code, &told[0]["advice"], &told[1]["advice"]), (5, &"go".into(), &"stop".into()), "{told}");
    // The other side is asked about where the supplier asks.
    let other = house.run(&format!("{bridge} good.edi --own gln:5013546107732 --json"));
    let told: serde_json::Value = serde_json::from_str(&other.out).unwrap();
    assert_eq!(told[0]["documents"][0]["findings"][0]["partner"], "gln:5400110000009", "{told}");

    house.write("list.csv", "identifier\r\ngln:5013546107732\r\nlei:1\r\n");
    let listed = house.run("--as buyer bridge list --policy policy.json --step payment list.csv --out out");
    assert_eq!(listed.code, 0, "at payment there is a notice at most: {listed:?}");
    let csv = names(&house.path("out")).into_iter().find(|name| name.ends_with(".1.csv")).unwrap();
    let csv = read(&house.path("out").join(csv));
    assert!(csv.contains("\"gln:5013546107732\",\"go\"") && csv.contains("\"lei:1\",\"notice\""), "{csv}");

    house.write("broken.edi", &order("5013546107732").replace("UNT+5", "UNT+6"));
    for (command, message) in [
        (format!("{bridge} broken.edi good.edi"), "segment 6 (UNT"),
        (format!("{bridge} good.edi --partner lei:5493001KJTIIGC8Y1R12"), "0 partners"),
        (format!("{bridge} good.edi --tier 0"), "nearest tier"),
        ("--as buyer bridge edifact --kept none good.edi".to_owned(), "not-found"),
        ("--as buyer bridge edifact good.edi".to_owned(), "--policy"),
    ] {
        assert!(house.bad(&command).contains(message), "{command}");
    }
}

/// Lets `van` answer documents on behalf of `buyer`, which keeps the policy `parts`.
fn let_van(house: &House) {
    let credentials = Credentials::open(&house.path("buyer")).unwrap();
    let mandate = r#"{"asks": ["decisions"], "policies": ["parts"]}"#;
    let putting = async {
        let mut connection = Client::with_credentials(&credentials).unwrap().connect().await.unwrap();
        for (path, body) in [("/v1/policies/parts", POLICY), ("/v1/representatives/van", mandate)] {
            connection.put(path, "application/json", body.into()).await.unwrap();
        }
    };
    tokio::runtime::Runtime::new().unwrap().block_on(putting);
}

#[test]
fn documents_are_answered_on_behalf_of_a_member_that_lets_it() {
    let house = trading();
    house.good("--registry jp party add van --role buyer --id van --name Van --country JP");
    house.write("good.edi", &order("5013546107732"));
    let bridge = "--as van bridge edifact --own gln:5400110000009 --kept parts good.edi";
    assert!(house.bad(&format!("{bridge} --member buyer")).contains("not-represented"));
    let_van(&house);
    assert_eq!(house.json(&format!("{bridge} --member buyer"))[0]["advice"], "go");
    assert!(house.bad(bridge).contains("not-found"), "it keeps no such policy itself");
}

#[test]
fn a_folder_is_answered_in_order_and_what_is_broken_is_put_aside() {
    let house = trading();
    let put = |name: &str, text: &str| house.write(&format!("in/{name}"), text);
    put("a.edi", &order("5013546107732"));
    put("b.edi", &order("5013546107732").replace("UNT+5", "UNT+6"));
    put("c.edi", &order("4012345000009"));
    put(".half", "UNB");
    std::fs::write(house.path("in/large.edi"), vec![b' '; 4 * 1024 * 1024 + 1]).unwrap();
    house.write("secret", &order("5013546107732"));
    std::os::unix::fs::symlink(house.path("secret"), house.path("in/link.edi")).unwrap();
    let told = house.good(&format!("{WATCH} --once"));
    let lines: Vec<&str> = told.lines().map(|line| line.split(';').next().unwrap()).collect();
    assert_eq!(
        lines,
        ["a.edi: answered", "b.edi: refused", "c.edi: answered", "large.edi: refused", "link.edi: refused"]
    );
    let (out, refused) = (names(&house.path("out")), names(&house.path("refused")));
    assert_eq!((out.len(), refused.len()), (4, 6), "{out:?} {refused:?}");
    assert!(out.iter().all(|name| name.starts_with("a.edi.") || name.starts_with("c.edi.")), "{out:?}");
    for (name, message) in [("b.edi", "segment 6 (UNT"), ("large.edi", "4194305"), ("link.edi", "a link")] {
        let problem = refused.iter().find(|one| one.starts_with(name) && one.ends_with(".problem.json")).unwrap();
        let problem = read(&house.path("refused").join(problem));
        assert!(problem.contains(message), "{problem}");
        let kept = refused.iter().any(|one| one.starts_with(name) && !one.ends_with(".problem.json"));
        assert!(kept, "{refused:?}");
    }
    assert_eq!(read(&house.path("secret")), order("5013546107732"), "what a link leads to is left alone");
    assert_eq!(names(&house.path("in")), ["done"]);
    assert_eq!(read(&house.path("in/.half")), "UNB", "names with a dot are somebody's who still writes");
    assert_eq!(names(&house.path("in/done")).len(), 2);

    // The same input again is not answered twice; another of its name is another.
    put("a.edi", &order("5013546107732"));
    assert!(house.good(&format!("{WATCH} --once")).starts_with("a.edi: answered before"));
    assert_eq!(names(&house.path("out")), out);
    put("a.edi", &order("4012345000009"));
    assert!(house.good(&format!("{WATCH} --once")).starts_with("a.edi: answered"));
    assert_eq!(names(&house.path("out")).len(), 6);
}

#[test]
fn a_bridge_that_is_killed_answers_once() {
    let house = trading();
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    // Killed as soon as anything of the answer is there: before, between or after the answer and the move.
    for attempt in 0..3 {
        let name = format!("order-{attempt}.edi");
        house.write(&format!("in/{name}"), &order("5013546107732"));
        let running = house.start_words(&words(WATCH));
        let begun = || names(&house.path("out")).iter().any(|one| one.starts_with(&name));
        until("an answer", begun);
        drop(running);
        house.good(&format!("{WATCH} --once"));
        let answers: Vec<String> = names(&house.path("out")).into_iter().filter(|one| one.starts_with(&name)).collect();
        assert_eq!(answers.len(), 2, "{answers:?}");
        assert_eq!((names(&house.path("in")), names(&house.path("in/.taken"))), (vec!["done".to_owned()], vec![]));
    }
    // All that stands between the last answer and the move is the move.
    let before: Vec<(String, String)> =
        names(&house.path("out")).into_iter().map(|name| (name.clone(), read(&house.path("out").join(name)))).collect();
    let done = names(&house.path("in/done")).remove(0);
    std::fs::rename(house.path("in/done").join(&done), house.path("in/.taken/order-0.edi")).unwrap();
    assert!(house.good(&format!("{WATCH} --once")).starts_with("order-0.edi: answered before"));
    for (name, text) in before {
        assert_eq!(read(&house.path("out").join(&name)), text, "{name}");
    }
    assert!(names(&house.path("in/.taken")).is_empty() && names(&house.path("in/done")).contains(&done));
}

#[test]
fn files_wait_while_the_registry_is_away_and_a_second_bridge_is_kept_out() {
    let mut house = trading();
    house.end();
    house.write("in/a.edi", &order("5013546107732"));
    let away = house.bad(&format!("{WATCH} --once"));
    assert!(away.contains("what waits stays where it is"), "{away}");
    assert!(names(&house.path("out")).is_empty() && names(&house.path("refused")).is_empty());
    house.serve();
    let first = house.start(WATCH);
    until("it is at work", || !names(&house.path("in/done")).is_empty());
    assert!(house.bad(&format!("{WATCH} --once")).contains("another bridge works on"));
    drop(first);
    assert_eq!(names(&house.path("out")).len(), 2);
    std::fs::remove_dir(house.path("refused")).unwrap();
    assert!(house.bad(&format!("{WATCH} --once")).contains("is no folder"));
}

#[test]
fn the_guide_shows_what_happens() {
    let guide = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/bridges.md"));
    let house = furnished();
    house.good(&format!("--as certification-body grant V-1 {GRANT}"));
    for folder in ["in", "out", "refused", "changes"] {
        std::fs::create_dir(house.path(folder)).unwrap();
    }
    let count = shown(&house, &guide);
    assert!(count >= 5, "{count} lines");
}
