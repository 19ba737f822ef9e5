//! Words of the vocabulary as they stand inside sentences.

use super::{Language, REMEDIES};

/// Code, English, Japanese. `{}` takes what follows the code.
pub(super) const PHRASES: &[(&str, &str, &str)] = &[
    ("organization", "organization", "組織"),
    ("process", "process", "プロセス"),
    ("people-and-things", "people-and-things", "人・モノ"),
    ("any-scheme", "any scheme", "すべてのスキーム"),
    ("scheme", "scheme {}", "スキーム {}"),
    ("document", "schemes on document {}", "文書 {} に基づくスキーム"),
    ("product", "product", "製品"),
    ("service", "service", "サービス"),
    ("site", "site", "事業所"),
    ("person", "person", "人"),
    ("accreditation-suspended", "the accreditation of its body is suspended", "認証機関の認定が停止されている"),
    (
        "accreditation-reduced",
        "the accreditation of its body does not cover it any more",
        "認証機関の認定の範囲から外れた",
    ),
    ("accreditation-withdrawn", "the accreditation of its body is withdrawn", "認証機関の認定が取り消された"),
    ("accreditation-expired", "the accreditation of its body has expired", "認証機関の認定の期限が切れた"),
    ("scheme-replaced", "its scheme is replaced", "スキームが別の版または別のスキームに置き換えられた"),
    ("surveillance-overdue", "its surveillance is overdue", "サーベイランスの期限が過ぎている"),
    (
        "conditions-overdue",
        "the last day of its conditions is past and nobody said that they are met",
        "付された条件の期限が過ぎ、充足が表明されていない",
    ),
    (
        "body-succeeded",
        "another body took the place of its body and is not accredited for it",
        "認証機関を承継した機関が認定を受けていない",
    ),
    (
        "crosswalk-corrected",
        "a crosswalk from a document of its scheme was corrected",
        "スキームの文書からの対応表が訂正された",
    ),
    ("none", "none", "なし"),
    ("recognised", "Recognised", "承認されています"),
    ("partial", "Partly recognised", "一部が承認されています"),
    ("accepted-as-evidence", "Accepted as evidence", "証拠としてのみ受け入れられています"),
    ("refused", "Refused", "承認されていません"),
    ("advised-go", "go on", "進行可"),
    ("advised-notice", "go on, with a notice", "通知のうえ進行可"),
    ("advised-conditional", "go on under conditions", "条件付きで進行可"),
    ("advised-stop", "stop", "中止"),
];

/// The words of a code; the code itself where it has none.
pub(crate) fn phrase(code: &'static str, language: Language) -> &'static str {
    found(code, language).unwrap_or(code)
}

fn found(code: &str, language: Language) -> Option<&'static str> {
    let wording = PHRASES.iter().find(|(known, _, _)| *known == code).map(|(_, en, ja)| match language {
        Language::English => *en,
        Language::Japanese => *ja,
    });
    wording.or_else(|| REMEDIES.iter().find(|row| row.code == code).map(|row| row.wording(language)))
}

/// A value, each of its parts in words.
pub(super) fn worded(value: &str, language: Language) -> String {
    let parts: Vec<String> = value.split(", ").map(|part| part_worded(part, language)).collect();
    parts.join(match language {
        Language::English => ", ",
        Language::Japanese => "、",
    })
}

fn part_worded(part: &str, language: Language) -> String {
    if let Some(words) = found(part, language) {
        return words.to_owned();
    }
    let named = part.split_once(' ').and_then(|(code, name)| Some(found(code, language)?.replace("{}", name)));
    named.unwrap_or_else(|| part.to_owned())
}
