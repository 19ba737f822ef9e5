//! A site 拠点 that a verdict covers: its name and, where it is stated, its country.
//!
//! ```json
//! "Osaka"  or  {"name": "Osaka", "country": "JP"}
//! ```
//!
//! On a command line: `Osaka`, or `JP:Osaka`. No country is ever read out of a name: what is not stated is not known.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::CountryCode;
use crate::text::{Text, TextError};

/// One site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Site {
    /// Its name.
    pub name: Text<256>,
    /// Where it lies.
    pub country: Option<CountryCode>,
}

/// How a site is written: by its name alone where no country is stated.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Name(Text<256>),
    Located(Located),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Located {
    name: Text<256>,
    country: CountryCode,
}

impl From<Written> for Site {
    fn from(written: Written) -> Self {
        match written {
            Written::Name(name) => Self { name, country: None },
            Written::Located(Located { name, country }) => Self { name, country: Some(country) },
        }
    }
}

impl From<Site> for Written {
    fn from(site: Site) -> Self {
        match site.country {
            None => Self::Name(site.name),
            Some(country) => Self::Located(Located { name: site.name, country }),
        }
    }
}

impl FromStr for Site {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let stated = text.split_once(':').and_then(|(country, name)| Some((country.parse().ok()?, name)));
        match stated {
            Some((country, name)) => Ok(Self { name: name.parse()?, country: Some(country) }),
            None => Ok(Self { name: text.parse()?, country: None }),
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        self.country.as_ref().map_or(Ok(()), |country| write!(f, " ({country})"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::{Value, json};

    use super::Site;

    #[test]
    fn a_site_is_written_in_one_way_and_typed_in_short() {
        let rows: [(&str, Value, &str); 3] = [
            ("Osaka", json!("Osaka"), "Osaka"),
            ("JP:Osaka", json!({"name": "Osaka", "country": "JP"}), "Osaka (JP)"),
            ("Plant 2: paint", json!("Plant 2: paint"), "Plant 2: paint"),
        ];
        for (typed, written, shown) in rows {
            let site: Site = typed.parse().unwrap();
            assert_eq!(serde_json::to_value(&site).unwrap(), written, "{typed}");
            assert_eq!(serde_json::from_value::<Site>(written).unwrap(), site, "{typed}");
            assert_eq!(site.to_string(), shown, "{typed}");
        }
        for refused in [json!({"name": "Osaka"}), json!({"name": "Osaka", "country": "Japan"}), json!(7), json!("")] {
            assert!(serde_json::from_value::<Site>(refused.clone()).is_err(), "{refused}");
        }
        assert!("JP:".parse::<Site>().is_err());
    }
}
