//! An example to aim at: requirements common to supply chains under the three viewpoints, in our own words, how they relate to
//! documents of others, and two sectors that tailor them.
//!
//! For operators to publish, to change, or to learn from. Nobody certifies against it unless an operator publishes a scheme that does.
//! Relations are as careful as those of official crosswalks: an intersection wherever one asks for something that the other does not.

/// Name and text of each example.
const EXAMPLES: [(&str, &str); 11] = [
    ("common-requirements", include_str!("examples/common-requirements.json")),
    ("common-to-iso-iec-27001-2022", include_str!("examples/common-to-iso-iec-27001-2022.json")),
    ("common-to-iso-iec-27002-2022", include_str!("examples/common-to-iso-iec-27002-2022.json")),
    ("common-to-nis2-directive", include_str!("examples/common-to-nis2-directive.json")),
    ("common-to-nist-csf-2.0", include_str!("examples/common-to-nist-csf-2.0.json")),
    ("common-to-nist-sp-800-171-r3", include_str!("examples/common-to-nist-sp-800-171-r3.json")),
    ("common-to-nist-sp-800-53-r5", include_str!("examples/common-to-nist-sp-800-53-r5.json")),
    ("manufacturing-additions", include_str!("examples/manufacturing-additions.json")),
    ("manufacturing-profile", include_str!("examples/manufacturing-profile.json")),
    ("payment-additions", include_str!("examples/payment-additions.json")),
    ("payment-profile", include_str!("examples/payment-profile.json")),
];

/// An example by its name, a file like any other.
///
/// # Errors
/// There is none of that name.
pub fn example(name: &str) -> Result<&'static str, NoExample> {
    let found = EXAMPLES.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text).ok_or_else(|| NoExample { name: name.chars().take(80).collect() })
}

/// There is no example of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no example {name:?}; there are {}", EXAMPLES.map(|(name, _)| name).join(", "))]
pub struct NoExample {
    /// The name, cut to 80 characters.
    name: String,
}
