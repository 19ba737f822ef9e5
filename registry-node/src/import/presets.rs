//! The lists that this program knows: mapping files like any other, carried along.

use super::mapping::{Mapping, MappingError};

/// Name and text of each preset.
const PRESETS: [(&str, &str); 9] = [
    ("cmvp", include_str!("presets/cmvp.toml")),
    ("common-criteria", include_str!("presets/common-criteria.toml")),
    ("common-criteria-canada", include_str!("presets/common-criteria-canada.toml")),
    ("eu-trusted-list", include_str!("presets/eu-trusted-list.toml")),
    ("eucc", include_str!("presets/eucc.toml")),
    ("fedramp", include_str!("presets/fedramp.toml")),
    ("gleif", include_str!("presets/gleif.toml")),
    ("sec-certs-cc", include_str!("presets/sec-certs-cc.toml")),
    ("sec-certs-eucc", include_str!("presets/sec-certs-eucc.toml")),
];

/// The names of all presets.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The text of a preset: a mapping file to read, or to copy and change.
///
/// # Errors
/// There is no preset of that name.
pub fn preset_text(name: &str) -> Result<&'static str, MappingError> {
    let found = PRESETS.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text).ok_or_else(|| MappingError::NoPreset {
        name: name.chars().take(80).collect(),
        known: preset_names().collect(),
    })
}

/// A preset, ready to use.
///
/// # Errors
/// There is no preset of that name.
pub fn preset(name: &str) -> Result<Mapping, MappingError> {
    Mapping::parse(preset_text(name)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn every_preset_is_a_sound_mapping_of_its_own_list() {
        let mut lists = std::collections::BTreeSet::new();
        for name in preset_names() {
            let mapping = preset(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(lists.insert(mapping.list().to_owned()), "{name} shares its list id with another preset");
        }
    }

    #[test]
    fn an_unknown_preset_names_the_known_ones() {
        let error = preset("jisec").unwrap_err().to_string();
        assert!(preset_names().all(|name| error.contains(name)), "{error}");
    }
}
