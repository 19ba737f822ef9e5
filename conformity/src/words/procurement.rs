//! What a buyer's policy makes of how a supplier stands: what it rests on, what is missing, and what would make it good.

use super::{Sentence, plain};

const fn said(code: &'static str, remedy: &'static str, en: &'static str, ja: &'static str) -> Sentence {
    Sentence { code, en, ja, remedy }
}

/// By code.
pub(crate) const ROWS: &[Sentence] = &[
    // What a requirement is met by.
    plain(
        "requirement-met",
        "{verdicts} meets what is asked for: {need}.",
        "{verdicts} が要件を満たしています: {need}",
    ),
    plain(
        "leaves-out",
        "{verdict} leaves out {excluded}; see that the order needs none of it.",
        "{verdict} は {excluded} を除いています。注文に関係しないことを確認してください。",
    ),
    plain(
        "may-leave-out",
        "{verdict} does not show here whether it leaves something out.",
        "{verdict} が除いているものがあるかどうかは、ここでは示されていません。",
    ),
    plain(
        "covers-sites",
        "{verdict} covers these sites alone ({count}): {sites}; see that the order is served from one of them.",
        "{verdict} が対象とする事業所は次のものに限られます({count}): {sites}。注文がそのいずれかから供給されることを確認してください。",
    ),
    plain(
        "may-cover-sites",
        "{verdict} does not show here whether it covers some sites alone; name the order's site, or see the credential.",
        "{verdict} の対象が一部の事業所に限られるかどうかは、ここでは示されていません。注文の事業所を指定するか、証明書を確認してください。",
    ),
    // What keeps one verdict from meeting it.
    said(
        "does-not-count",
        "holding-in-force",
        "{verdict} does not count now ({state}).",
        "{verdict} は現在有効ではありません({state})。",
    ),
    said(
        "level-too-low",
        "higher-level",
        "{verdict} is at level {level}; {wanted} or what includes it is asked for.",
        "{verdict} のレベルは {level} であり、求められる {wanted} 以上を満たしません。",
    ),
    said(
        "level-not-shown",
        "show-parts",
        "{verdict} shows no level here; {wanted} or what includes it is asked for.",
        "{verdict} のレベルはここでは示されておらず、求められる {wanted} 以上を確認できません。",
    ),
    said(
        "declared-only",
        "body-decides",
        "{verdict} is the supplier's own declaration; more than that is asked for.",
        "{verdict} は事業者の自己宣言であり、求められる評価を満たしません。",
    ),
    said(
        "other-origin",
        "other-verdict",
        "{verdict} is not of the kind asked for (own, transcribed or recognised).",
        "{verdict} は、求められる区分(当レジストリの判定、一覧から転記された判定、承認された判定)のものではありません。",
    ),
    said(
        "still-conditional",
        "conditions-to-meet",
        "{verdict} is conditional; one without conditions is asked for.",
        "{verdict} は条件付きであり、求められる条件のない判定ではありません。",
    ),
    said(
        "outside-sites",
        "cover-site",
        "{verdict} does not cover the site {site}.",
        "{verdict} は事業所 {site} を対象としていません。",
    ),
    said(
        "sites-not-shown",
        "show-parts",
        "{verdict} shows no sites here, so that it cannot be seen to cover {site}.",
        "{verdict} の対象事業所はここでは示されておらず、{site} が対象か確認できません。",
    ),
    said(
        "about-another",
        "other-verdict",
        "{verdict} is about {object} alone, and this order is not known to be of that.",
        "{verdict} は {object} のみに関するもので、この注文がその対象であるとは確認できません。",
    ),
    said(
        "left-out",
        "cover-scope",
        "{verdict} leaves out {excluded}, which this order is about.",
        "{verdict} は、この注文の対象である {excluded} を除いています。",
    ),
    // What is missing in all.
    said(
        "viewpoints-missing",
        "viewpoint-assessed",
        "Nothing that meets the rest covers {=viewpoints}.",
        "残りの要件を満たす判定のうち、{=viewpoints}を対象とするものがありません。",
    ),
    said(
        "nothing-shown",
        "assess-supplier",
        "There is nothing to show for: {need} ({absence}).",
        "次の要件について表示できる判定はありません: {need}({absence})",
    ),
    said(
        "nothing-shown",
        "assess-supplier",
        "There is nothing to show for: {need}.",
        "次の要件について表示できる判定はありません: {need}",
    ),
    // What is decided.
    plain(
        "no-rule",
        "The policy {policy}, version {version}, has no rule for this order.",
        "方針 {policy}(第 {version} 版)には、この注文に当てはまる規則がありません。",
    ),
    plain("rule-met", "Rule {rule} is met.", "規則 {rule} を満たしています。"),
    plain(
        "rule-stops",
        "Rule {rule} is not met; it says stop.",
        "規則 {rule} を満たしておらず、取引を進めないことになります。",
    ),
    plain(
        "rule-notes",
        "Rule {rule} is not met; it asks for a notice only.",
        "規則 {rule} を満たしていませんが、通知のみが求められています。",
    ),
    plain(
        "rule-conditions",
        "Rule {rule} is not met; go on if within {days} days: {condition}",
        "規則 {rule} を満たしていません。{days} 日以内に次が満たされることを条件に進めます: {condition}",
    ),
    plain(
        "rule-conditions",
        "Rule {rule} is not met; go on if: {condition}",
        "規則 {rule} を満たしていません。次が満たされることを条件に進めます: {condition}",
    ),
    plain(
        "never-refused",
        "At {step} nobody is turned away: what was ordered and delivered as ordered is accepted and paid.",
        "{step} の段階では取引を拒めません。注文どおりに納入されたものは受領し、支払う必要があります。",
    ),
    plain("advice-go", "Go on.", "進めてください。"),
    plain("advice-notice", "Go on, and know what is not met.", "満たされていない点を認識したうえで進めてください。"),
    plain("advice-conditional", "Go on if what is missing is made good.", "不足が補われることを条件に進めてください。"),
    plain("advice-stop", "Do not go on.", "進めないでください。"),
];
