//! The command line as a whole: it is sound, every command shows an example, and what the examples show can be typed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

/// Every command that does something, with its way from the root.
fn commands() -> Vec<(String, clap::Command)> {
    fn walk(command: &clap::Command, way: &str, found: &mut Vec<(String, clap::Command)>) {
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let way = format!("{way} {}", inner.get_name());
            found.push((way.clone(), inner.clone()));
            walk(inner, &way, found);
        }
    }
    let mut found = Vec::new();
    walk(&Cli::command(), "registry-node", &mut found);
    found
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_says_what_it_does_and_shows_an_example_of_itself() {
    for (way, mut command) in commands() {
        assert!(command.get_about().is_some(), "{way} says nothing of itself");
        let help = command.render_long_help().to_string();
        let name = way.rsplit(' ').next().unwrap();
        let examples = help.split_once("Example").unwrap_or_else(|| panic!("{way} has no example")).1.to_owned();
        assert!(examples.contains("registry-node") && examples.contains(name), "{way}: {examples}");
    }
}

/// The examples of all commands, as a shell would split them.
fn examples() -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for (way, command) in commands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default().replace("\\\n", " ");
        let lines = help.lines().filter(|line| line.starts_with("  registry-node "));
        found.extend(lines.map(|line| (way.clone(), split(line.split(" > ").next().unwrap()))));
    }
    found
}

fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.trim().chars().chain([' ']) {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) if !word.is_empty() => words.push(std::mem::take(&mut word)),
            (' ', None) => {}
            _ => word.push(c),
        }
    }
    words
}

#[test]
fn every_example_can_be_typed() {
    let examples = examples();
    assert!(examples.len() > 20);
    for (way, words) in examples {
        if let Err(error) = Cli::try_parse_from(&words) {
            panic!("{way}: {words:?}: {error}");
        }
    }
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_happens() {
    let rows = [
        ("no command", "registry-node", "Usage"),
        ("a bad id", "registry-node init x --id J --origin jp.example --name n", "registry id"),
        (
            "a bad day",
            "registry-node --as a designate D-1 --accreditation-body b --schemes s --from 2026-13-01",
            "2026-13-01",
        ),
        ("a bad role", "registry-node party add f --role king --id a --name n", "king"),
        ("a node as party", "registry-node party add f --role certification-body --id A --name n", "party id"),
        ("an identifier with a wrong digit", "registry-node standing lei:5493001KJTIIGC8Y1R13", "lei"),
        (
            "two questions",
            "registry-node standing lei:5493001KJTIIGC8Y1R12 --scheme a --document b@1",
            "cannot be used with",
        ),
        ("a verdict in part", "registry-node grant V-1 --scheme demo@1", "required"),
        ("a verdict twice", "registry-node grant V-1 --file x", "cannot be used with"),
        ("no reason", "registry-node suspend V-1", "--reason"),
    ];
    for (case, line, needle) in rows {
        let message = Cli::try_parse_from(split(line)).err().unwrap_or_else(|| panic!("{case} was taken")).to_string();
        assert!(message.contains(needle), "{case}: {message}");
    }
}

#[test]
fn completion_knows_the_commands() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "registry-node", &mut script);
        let script = String::from_utf8(script).unwrap();
        assert!(script.contains("standing") && script.contains("accreditation"), "{shell}");
    }
}
