//! The operator's guide does what it says: every command in it is run, in its order.

use std::path::Path;

use crate::house::{House, Running, free_ports, read};
use crate::story::{GRANT, furnished};

/// A block of a guide.
pub(crate) enum Block<'a> {
    /// Commands, each after a `$`, with what is shown of its answer.
    Commands(Vec<(&'a str, Vec<&'a str>)>),
    /// A file to write.
    File { name: &'a str, text: String },
}

pub(crate) fn blocks(guide: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else { continue };
        let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match kind.split_once(' ') {
            Some((_, name)) => found.push(Block::File { name, text: inside.join("\n") }),
            None => {
                let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
                for line in inside {
                    match (line.strip_prefix("$ "), commands.last_mut()) {
                        (Some(command), _) => commands.push((command, Vec::new())),
                        (None, Some((_, shown))) => shown.push(line),
                        (None, None) => {}
                    }
                }
                found.push(Block::Commands(commands));
            }
        }
    }
    found
}

/// Runs the guide's commands; those that serve go on until they are told to end.
struct Reader {
    house: House,
    serving: Vec<(String, Running)>,
    ports: Vec<(&'static str, String)>,
    count: usize,
    /// All that was printed.
    told: String,
}

impl Reader {
    fn run(&mut self, command: &str) {
        self.count += 1;
        if let Some(name) = command.strip_prefix("kill ") {
            let place = self.serving.iter().position(|(serving, _)| serving == name).unwrap();
            assert_eq!(self.serving.remove(place).1.end(), Some(0), "{command}");
            return;
        }
        let line = command.strip_prefix("registry-node ").unwrap_or_else(|| panic!("cannot run {command}"));
        let words = split(line);
        if let [serve, folder] = &words[..]
            && serve == "serve"
        {
            let mut running = self.house.start_words(&words);
            assert!(running.line().starts_with(&format!("{folder} is served at ")));
            return self.serving.push((folder.clone(), running));
        }
        let told = self.house.run_words(&words);
        assert_eq!(told.code, 0, "{command}: {told:?}");
        self.told.push_str(&told.out);
        if words[0] == "init" {
            self.move_ports(&words[1]);
        }
    }

    /// The guide's ports may be taken here.
    fn move_ports(&self, folder: &str) {
        let file = format!("{folder}/registry.toml");
        let text = self.ports.iter().fold(read(&self.house.path(&file)), |text, (from, to)| text.replace(from, to));
        self.house.write(&file, &text);
        let operator = format!("{folder}/operator/credentials.toml");
        let text = self.ports.iter().fold(read(&self.house.path(&operator)), |text, (from, to)| text.replace(from, to));
        self.house.write(&operator, &text);
    }
}

/// Runs a guide in `house`; how many lines it shows, each of which came.
pub(crate) fn shown(house: &House, guide: &str) -> usize {
    let mut count = 0;
    for block in blocks(guide) {
        match block {
            Block::File { name, text } => house.write(name, &text),
            Block::Commands(commands) => {
                for (command, shown) in commands {
                    let (command, code) = command.split_once("  # exit code ").unwrap_or((command, "0"));
                    let told = house.run_words(&split(command.strip_prefix("registry-node ").unwrap()));
                    assert_eq!(told.code.to_string(), code, "{command}: {told:?}");
                    for line in shown {
                        assert!(told.out.lines().any(|one| one == line), "{command}: {line}: {told:?}");
                        count += 1;
                    }
                }
            }
        }
    }
    count
}

/// Splits as a shell does, as far as a guide needs it.
pub(crate) fn split(line: &str) -> Vec<String> {
    let pieces = line.split('"').enumerate();
    let mut words: Vec<String> = Vec::new();
    for (n, piece) in pieces {
        match n % 2 {
            0 => words.extend(piece.split_whitespace().map(str::to_owned)),
            _ => words.push(piece.to_owned()),
        }
    }
    words
}

#[test]
fn the_guide_can_be_followed_from_its_first_command_to_its_last() {
    let guide = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/operator.md"));
    let ((a, b), (c, d)) = (free_ports(), free_ports());
    let ports = [(":7443", a), (":4222", b), (":7543", c), (":4322", d)];
    let ports = ports.map(|(from, to)| (from, format!(":{to}"))).to_vec();
    let mut reader = Reader { house: House::empty(), serving: Vec::new(), ports, count: 0, told: String::new() };
    for block in blocks(&guide) {
        match block {
            Block::File { name, text } => reader.house.write(name, &text),
            Block::Commands(commands) => commands.into_iter().for_each(|(command, _)| reader.run(command)),
        }
    }
    assert!(reader.count > 50, "{} commands", reader.count);
}

/// What a page shows of the answer to its commands: lines that begin with *Of* or *of*.
fn answers(page: &str) -> Vec<&str> {
    page.lines().filter(|line| line.starts_with("Of ") || line.starts_with("of ")).collect()
}

#[test]
fn what_remains_for_sp_800_171_is_what_the_page_says() {
    let files = [
        ("sp800-171.xml", "catalogues/nist-oscal/SP800-171/rev3/xml/NIST_SP800-171_rev3_catalog.xml"),
        ("olir.yaml", "catalogues/ciso-assistant/mapping-nist-sp-800-53-rev5-to-iso27001-2022.yaml"),
    ];
    let house = House::empty();
    for (name, published) in files {
        let Some(file) = test_data::vectors(published) else { return };
        house.write(name, &read(&file));
    }
    let page = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/what-remains.md"));
    let (a, b) = free_ports();
    let ports = vec![(":7443", format!(":{a}")), (":4222", format!(":{b}"))];
    let mut reader = Reader { house, serving: Vec::new(), ports, count: 0, told: String::new() };
    for block in blocks(&page) {
        match block {
            Block::File { name, text } => reader.house.write(name, &text),
            Block::Commands(commands) => commands.into_iter().for_each(|(command, _)| reader.run(command)),
        }
    }
    assert_eq!(answers(&page).len(), 5);
    for line in answers(&page) {
        assert!(reader.told.contains(line), "{line} is not in {}", reader.told);
    }
}

/// The commands of a section of the README, in their order.
fn section<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let rest = text.split_once(heading).unwrap().1;
    let section = rest.split("\n## ").next().unwrap();
    section.lines().filter_map(|line| line.strip_prefix("$ registry-node ")).collect()
}

#[test]
fn what_the_readme_says_about_verifying_can_be_done() {
    let readme = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md"));
    let house = furnished();
    house.good(&format!("--as certification-body grant V-1 {GRANT}"));
    let commands = section(&readme, "## Verify it yourself");
    assert_eq!(commands.len(), 4);
    let told: Vec<String> = commands.into_iter().map(|line| house.good(line)).collect();
    let last = told[2].trim_end().lines().last().unwrap();
    assert!(last.starts_with("VERIFIED  jp:V-1 at ") && last.ends_with("granted, in force"), "{last}");
    assert!(read(&house.path("certificate.html")).contains("適合証明書"));
}
