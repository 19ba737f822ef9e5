//! What every command starts from: which registry, who speaks, how to answer.

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use conformity::ids::RegistryId;
use conformity::words::Language;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::output;
use super::standing::escape;
use crate::client::{Client, Connection, read_json};
use crate::config::Config;
use crate::credentials::Credentials;
use crate::folder::Folder;

/// The environment variable that names the registry's folder.
const FOLDER_VARIABLE: &str = "REGISTRY_FOLDER";

/// The options that all commands share.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// Answers in JSON.
    pub(super) json: bool,
    /// In which language it answers.
    pub(super) language: Language,
    registry: PathBuf,
    credentials: Option<PathBuf>,
}

impl Context {
    /// From what was typed, the environment, and the defaults.
    pub(super) fn new(
        json: bool,
        language: Option<Language>,
        registry: Option<PathBuf>,
        credentials: Option<PathBuf>,
    ) -> Self {
        let from_environment = || std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
        let registry = registry.or_else(from_environment).unwrap_or_else(|| PathBuf::from("."));
        let language = language.unwrap_or_else(language_of_environment);
        output::speak(language);
        Self { json, language, registry, credentials }
    }

    /// The registry's folder.
    pub(super) fn folder(&self) -> Folder {
        Folder::new(&self.registry)
    }

    /// Where the credentials are.
    pub(super) fn credentials_folder(&self) -> PathBuf {
        self.credentials.clone().unwrap_or_else(|| self.folder().operator())
    }

    /// Whose credentials the command speaks with.
    pub(super) fn credentials(&self) -> anyhow::Result<Credentials> {
        Ok(Credentials::open(&self.credentials_folder())?)
    }

    /// A client for reading: with credentials where there are some, else as anybody, from inside the registry's folder.
    pub(super) fn reader(&self) -> anyhow::Result<Client> {
        if self.credentials.is_some() || self.folder().operator().exists() {
            return Ok(Client::with_credentials(&self.credentials()?)?.in_language(self.language));
        }
        let config = Config::load(&self.registry)?;
        let client = Client::anonymous(&config.http.public_url, &self.folder().ca_public().root())?;
        Ok(client.in_language(self.language))
    }

    /// The name of the registry that `reader` asks.
    pub(super) fn registry_id(&self) -> anyhow::Result<RegistryId> {
        if self.credentials.is_some() || self.folder().operator().exists() {
            return Ok(self.credentials()?.about.registry);
        }
        Ok(Config::load(&self.registry)?.registry.id)
    }

    /// Asks for `path` and reads the answer.
    pub(super) fn ask<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        wait(async { Ok(self.reader()?.json(path).await?) })
    }

    /// Every item of a list, whatever the number of its pages.
    pub(super) fn ask_all<T: DeserializeOwned>(&self, path: &str, name: &str) -> anyhow::Result<Vec<T>> {
        wait(async { all(&mut self.reader()?.connect().await?, path, name).await })
    }

    /// Answers, and is done.
    pub(super) fn answer<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<ExitCode> {
        output::print(self.json, value, text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The language that the environment asks for (POSIX, section 8.2: the first of these that is set and not empty).
fn language_of_environment() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(std::env::var_os).find(|text| !text.is_empty());
    set.and_then(|text| text.to_str()?.parse().ok()).unwrap_or_default()
}

/// Runs a command that waits for the network.
pub(super) fn wait<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("the operating system gives no event loop")?.block_on(command)
}

/// Every item of the list at `path`, page after page.
pub(super) async fn all<T: DeserializeOwned>(
    connection: &mut Connection,
    path: &str,
    name: &str,
) -> anyhow::Result<Vec<T>> {
    let mut items = Vec::new();
    let mut page = path.to_owned();
    loop {
        let mut answer: Value = read_json(&connection.get(&page).await?)?;
        let listed: Vec<T> = serde_json::from_value(answer[name].take())
            .with_context(|| format!("the answer to {path} is not a list of {name}"))?;
        items.extend(listed);
        let Some(next) = answer["next"].as_str() else { return Ok(items) };
        page = format!("{path}{}cursor={}", if path.contains('?') { '&' } else { '?' }, escape(next));
    }
}

/// Reads a whole file, or standard input for `-`, of at most `limit` bytes.
pub(super) fn read_input(path: &std::path::Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    use std::io::Read;
    let source: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?)
    };
    let mut bytes = Vec::new();
    source.take(limit + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(bytes.len() as u64 <= limit, "{} has more than {limit} bytes", path.display());
    Ok(bytes)
}

/// A word of a statement's vocabulary, as flags take it; the message lists the words.
pub(super) fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use conformity::party::Role;

    #[test]
    fn words_are_those_of_statements_and_a_wrong_one_lists_them() {
        assert_eq!(word::<Role>("audit-body").unwrap(), Role::AuditBody);
        let message = word::<Role>("auditor").unwrap_err();
        assert!(message.contains("auditor") && message.contains("audit-body"), "{message}");
    }

    #[test]
    fn input_is_bounded_before_it_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x");
        std::fs::write(&file, b"12345").unwrap();
        assert_eq!(read_input(&file, 5).unwrap(), b"12345");
        assert!(read_input(&file, 4).unwrap_err().to_string().contains("more than 4 bytes"));
        assert!(read_input(&folder.path().join("y"), 4).unwrap_err().to_string().contains("cannot read"));
    }
}
