//! YAML of others, within a budget: nothing that a small file unfolds into is built.

use serde::de::DeserializeOwned;

/// Reads a document.
///
/// # Errors
/// Where and why it cannot be, cut to 300 characters.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
    serde_saphyr::from_str(text).map_err(|error| error.to_string().chars().take(300).collect())
}
