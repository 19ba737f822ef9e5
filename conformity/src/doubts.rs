//! Doubts 要確認: what terms name and nobody here has seen.
//!
//! A rule may name bodies of a registry that is not followed yet, or has not shown them. That is no reason to refuse the terms, since they
//! may be agreed before; whoever signs them is told, and whoever asks as long as it is so. What a registry could know of its own bodies is
//! refused when it signs ([`mod@crate::decide`]).

use jiff::Timestamp;
use serde::Serialize;

use crate::arrangement::{Arrangement, ArrangementRole, Rule};
use crate::ids::{PartyId, RegistryId, RuleId, SchemeRef};
use crate::records::Facts;
use crate::words::{ANSWERS, Language, Params, say};

/// The code of the only doubt that there is.
const BODY_NOT_MET: &str = "body-not-met";

/// A body that a rule names, and that no registry which issues under the rule has shown as accredited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// What kind of doubt; kebab-case.
    pub code: &'static str,
    /// The rule.
    pub rule: RuleId,
    /// Whom it names.
    pub body: PartyId,
    /// Who could show it.
    pub registries: Vec<RegistryId>,
    /// The doubt in words.
    pub text: String,
}

/// What is in doubt about `terms`, in that language. `met` says whether a registry has shown the body as accredited under the scheme.
pub fn doubts(
    terms: &Arrangement,
    met: impl Fn(&RegistryId, &PartyId, &SchemeRef) -> bool,
    language: Language,
) -> Vec<Doubt> {
    let of_rule = |rule: &Rule| {
        let registries: Vec<RegistryId> = issuing(terms, rule).cloned().collect();
        let unmet = rule.bodies.iter().filter(|body| !registries.iter().any(|one| met(one, body, &rule.scheme)));
        unmet.map(|body| doubt(rule, body, &registries, language)).collect::<Vec<_>>()
    };
    terms.rules.iter().flat_map(of_rule).collect()
}

/// Whether a body holds an accreditation under the scheme at `at`, in any capacity.
pub fn is_accredited<F: Facts>(facts: &F, body: &PartyId, scheme: &SchemeRef, at: Timestamp) -> bool {
    let mut held = facts.accreditations(body).into_iter();
    held.any(|record| record.accreditation.scheme == *scheme && record.in_force_at(at).is_ok())
}

/// Who issues under the rule: each party with that role whose verdicts somebody recognises by it.
pub(crate) fn issuing<'a>(terms: &'a Arrangement, rule: &'a Rule) -> impl Iterator<Item = &'a RegistryId> {
    let issuing = terms.parties.iter().filter(|party| party.roles.contains(&ArrangementRole::Issuing));
    issuing
        .map(|party| &party.registry)
        .filter(|from| terms.parties.iter().any(|to| to.registry != **from && rule.goes(from, &to.registry)))
}

fn doubt(rule: &Rule, body: &PartyId, registries: &[RegistryId], language: Language) -> Doubt {
    let names: Vec<&str> = registries.iter().map(RegistryId::as_str).collect();
    let params = Params::default()
        .with("body", body)
        .with("registries", names.join(", "))
        .with("scheme", &rule.scheme)
        .with("rule", &rule.id);
    let text = say(ANSWERS, BODY_NOT_MET, language, &params).unwrap_or_default();
    Doubt { code: BODY_NOT_MET, rule: rule.id.clone(), body: body.clone(), registries: registries.to_vec(), text }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn terms() -> Arrangement {
        let party = |id: &str, role: &str| json!({"registry": id, "origin": format!("{id}.registry.example"), "authority": id, "roles": [role]});
        let rule = |id: &str, from: serde_json::Value, bodies: serde_json::Value| {
            json!({"id": id, "from": from, "to": ["eu"], "scheme": "star@1", "objects": ["organization"], "viewpoints": ["process"],
                "bodies": bodies, "grants": "full", "onSuspension": "cease", "onEnd": "cease"})
        };
        serde_json::from_value(json!({
            "id": "A-1", "version": 1, "title": "t", "mode": "multilateral", "from": "2026-01-01",
            "parties": [party("jp", "issuing"), party("us", "issuing"), party("eu", "recognising")],
            "rules": [rule("all", json!(["jp"]), json!([])), rule("one", json!(["jp"]), json!(["a", "b"])), rule("any", json!("any-issuing"), json!(["b"]))],
        }))
        .unwrap()
    }

    #[test]
    fn a_body_is_in_doubt_until_one_that_issues_has_shown_it() {
        // (who has shown whom, what is in doubt)
        let rows: [(&[(&str, &str)], &[&str]); 5] = [
            (&[], &["one a jp", "one b jp", "any b jp+us"]),
            (&[("jp", "a")], &["one b jp", "any b jp+us"]),
            (&[("us", "b")], &["one a jp", "one b jp"]),
            (&[("jp", "a"), ("jp", "b")], &[]),
            (&[("eu", "a"), ("eu", "b")], &["one a jp", "one b jp", "any b jp+us"]),
        ];
        for (shown, expected) in rows {
            let met = |registry: &RegistryId, body: &PartyId, _: &SchemeRef| {
                shown.contains(&(registry.as_str(), body.as_str()))
            };
            let told: Vec<String> = doubts(&terms(), met, Language::English)
                .iter()
                .map(|one| {
                    let names: Vec<&str> = one.registries.iter().map(RegistryId::as_str).collect();
                    format!("{} {} {}", one.rule, one.body, names.join("+"))
                })
                .collect();
            assert_eq!(told, expected, "{shown:?}");
        }
        let told = doubts(&terms(), |_, _, _| false, Language::Japanese);
        assert!(told[2].text.contains("jp, us") && told[2].text.contains("any"), "{told:?}");
    }
}
