//! What is said of a supplier's standing, of absences, and of what is made of a foreign verdict.

use super::{Sentence, plain};

/// Of a recognition of a self-declaration.
pub(crate) const DECLARED: &str = "self-declaration";
/// Of one that an expert confirmed.
pub(crate) const DECLARED_AND_CONFIRMED: &str = "confirmed-self-declaration";

const fn said(code: &'static str, remedy: &'static str, en: &'static str, ja: &'static str) -> Sentence {
    Sentence { code, en, ja, remedy }
}

/// By code.
pub(crate) const ROWS: &[Sentence] = &[
    // What there is to show.
    plain(
        "holdings",
        "{#own} of this registry, {#others} of others; {counting} of them count.",
        "当レジストリの判定 {#own}、他のレジストリの判定 {#others}。うち有効なものは {counting} 件です。",
    ),
    said(
        "own-declarations",
        "body-decides",
        "Of those {count} only as the supplier's own declaration, which no body decided.",
        "そのうち {count} 件は事業者の自己宣言によるもので、認証機関の判定ではありません。",
    ),
    said(
        "window-closes",
        "act-within-window",
        "One of this registry counts until {until} only, because {=what}; {=remedy}.",
        "当レジストリの判定の一つは、{=what}ため {until} までに限り有効です。{=remedy}。",
    ),
    plain(
        "registry-closed",
        "This registry ended on {since} and takes nothing more; {successor} goes on, at {url}.",
        "当レジストリは {since} に終了し、新たなステートメントを受け付けません。{successor} が引き継いでいます({url})。",
    ),
    plain(
        "succeeded",
        "{body} answers for {verdict} since {since}: it took the place of {issuer}, which decided it.",
        "{verdict} を判定した {issuer} の地位は {body} が承継し、{since} から {body} が責任を負っています。",
    ),
    said(
        "surveillance-overdue",
        "file-surveillance-report",
        "Of this registry's, surveillance of {count} that count is overdue.",
        "当レジストリの有効な判定のうち {count} 件は、サーベイランスの期限が過ぎています。",
    ),
    said(
        "conditions-overdue",
        "meet-conditions",
        "Of this registry's, {count} that count have conditions whose last day is past, and nobody said that they are met.",
        "当レジストリの有効な判定のうち {count} 件は、付された条件の期限が過ぎ、充足が表明されていません。",
    ),
    said(
        "under-profile",
        "assess-left-out",
        "{verdict} is under {scheme}, a profile of {document}: it keeps {kept} requirements, tightens {tightened}, loosens {loosened}, and leaves out {left-out} and {more} more.",
        "{verdict} は {document} のプロファイルである {scheme} によるもので、要求事項 {kept} 件を維持、{tightened} 件を強化、{loosened} 件を緩和し、{left-out} ほか {more} 件を除いています。",
    ),
    said(
        "under-profile",
        "assess-left-out",
        "{verdict} is under {scheme}, a profile of {document}: it keeps {kept} requirements, tightens {tightened}, loosens {loosened}, and leaves out {left-out}.",
        "{verdict} は {document} のプロファイルである {scheme} によるもので、要求事項 {kept} 件を維持、{tightened} 件を強化、{loosened} 件を緩和し、{left-out} を除いています。",
    ),
    plain(
        "under-profile",
        "{verdict} is under {scheme}, a profile of {document}: it keeps {kept} requirements, tightens {tightened}, loosens {loosened}, and leaves out nothing.",
        "{verdict} は {document} のプロファイルである {scheme} によるもので、要求事項 {kept} 件を維持、{tightened} 件を強化、{loosened} 件を緩和し、除いたものはありません。",
    ),
    // Why there is nothing.
    said(
        "restricted-verdict",
        "ask-operator-or-body",
        "There is a restricted verdict. The operator and the body that issued it can show it.",
        "限定公開の判定があります。運営者と発行機関が開示できます。",
    ),
    said(
        "scheme-not-here",
        "publish-scheme",
        "This registry neither publishes {=about} nor recognises verdicts under it.",
        "当レジストリは{=about}を公開しておらず、それによる判定の承認もしていません。",
    ),
    said(
        "guideline",
        "publish-scheme",
        "{document} is a rule or guideline; nobody certifies against it.",
        "{document} は規則またはガイドラインであり、これに基づく認証は行われていません。",
    ),
    said(
        "no-scheme-on-document",
        "publish-scheme",
        "{document} has requirements, but no scheme here assesses against them.",
        "{document} には要求事項がありますが、それに基づいて評価するスキームが当レジストリにありません。",
    ),
    said(
        "document-not-known",
        "publish-scheme",
        "{document} is not known here, nor any scheme that assesses against it.",
        "{document} も、それに基づいて評価するスキームも、当レジストリでは把握していません。",
    ),
    said(
        "viewpoint-not-assessed",
        "publish-scheme",
        "Nothing under {=about} is assessed from the viewpoint {=viewpoint}.",
        "{=about}では、観点「{=viewpoint}」からの評価は行われていません。",
    ),
    said(
        "looked-at-later",
        "ask-as-of-later",
        "A foreign verdict was first looked at here on {at}, after the time asked for; until then it counted for nothing here.",
        "他のレジストリの判定が当レジストリで最初に評価されたのは、照会の時点より後の {at} です。それまでは当レジストリでは効力がありませんでした。",
    ),
    said(
        "none-on-supplier",
        "assess-supplier",
        "This registry would know verdicts on suppliers of {country} under {=about}, viewpoint {=viewpoint}; there is none on this one.",
        "当レジストリは {country} の事業者に対する{=about}(観点「{=viewpoint}」)の判定を把握する立場にありますが、この事業者に対するものはありません。",
    ),
    said(
        "none-on-supplier",
        "assess-supplier",
        "This registry would know verdicts on suppliers of {country} under {=about}; there is none on this one.",
        "当レジストリは {country} の事業者に対する{=about}の判定を把握する立場にありますが、この事業者に対するものはありません。",
    ),
    said(
        "country-not-followed",
        "ask-elsewhere",
        "This registry neither holds nor follows verdicts on suppliers of {country} under {=about}, viewpoint {=viewpoint}.",
        "当レジストリは {country} の事業者に対する{=about}(観点「{=viewpoint}」)の判定を保持も追跡もしていません。",
    ),
    said(
        "country-not-followed",
        "ask-elsewhere",
        "This registry neither holds nor follows verdicts on suppliers of {country} under {=about}.",
        "当レジストリは {country} の事業者に対する{=about}の判定を保持も追跡もしていません。",
    ),
    said(
        "country-not-known",
        "state-country",
        "It is not known where this supplier is established, so nothing can be said about {=about}, viewpoint {=viewpoint}; ask again with its country.",
        "この事業者の所在国が不明なため、{=about}(観点「{=viewpoint}」)については回答できません。所在国を指定して再度照会してください。",
    ),
    said(
        "country-not-known",
        "state-country",
        "It is not known where this supplier is established, so nothing can be said about {=about}; ask again with its country.",
        "この事業者の所在国が不明なため、{=about}については回答できません。所在国を指定して再度照会してください。",
    ),
    // Why there is nothing under a name.
    plain(
        "no-such-verdict",
        "This registry has granted no verdict of that name that you may see.",
        "当レジストリには、その名前で閲覧できる判定はありません。",
    ),
    said(
        "not-let-through",
        "ask-elsewhere",
        "Nothing is known here of a verdict of that name: {registry} has none, or no arrangement lets it through to this registry.",
        "その名前の判定は当レジストリでは把握していません。{registry} にないか、取決めにより当レジストリに伝わる範囲にありません。",
    ),
    said(
        "registry-not-followed",
        "ask-elsewhere",
        "This registry does not follow {registry} and knows nothing of its verdicts.",
        "当レジストリは {registry} を追跡しておらず、その判定を把握していません。",
    ),
    said(
        "scheme-not-published",
        "publish-scheme",
        "This registry does not publish {=about}, so it has no verdicts of its own under it.",
        "当レジストリは{=about}を公開しておらず、それによる自らの判定はありません。",
    ),
    // Parts of what is made of a foreign verdict.
    plain(
        "by-rule",
        " under rule {rule} of arrangement {arrangement} (version {version})",
        "取決め {arrangement}(第 {version} 版)のルール {rule} により、",
    ),
    plain(
        "by-arrangement",
        " under arrangement {arrangement} (version {version})",
        "取決め {arrangement}(第 {version} 版)により、",
    ),
    plain("and-more", "; and {more} more", "。ほか {more} 件"),
    plain(
        "counting-as",
        ", counting as {scheme} level {level} for {=covered}",
        "{scheme} のレベル {level} として、{=covered}について",
    ),
    plain("counting-as", ", counting as {scheme} for {=covered}", "{scheme} として、{=covered}について"),
    plain("counting-for", " for {=covered}", "{=covered}について"),
    plain(
        DECLARED,
        "It is the supplier's own declaration; no body decided it.",
        "事業者の自己宣言であり、認証機関の判定ではありません。",
    ),
    plain(
        DECLARED_AND_CONFIRMED,
        "It is the supplier's own declaration, confirmed by an expert; no body decided it.",
        "専門家が確認した事業者の自己宣言であり、認証機関の判定ではありません。",
    ),
    plain(
        "conditional",
        "It is conditional until {deadline}: {conditions}",
        "{deadline} までの条件付きです: {conditions}",
    ),
    // What terms name and nobody here has seen.
    plain(
        "body-not-met",
        "{registries} has shown this registry no body {body} that is accredited under {scheme}; until it does, no verdict of {body} counts by rule {rule}.",
        "{registries} は、{scheme} の認定を受けた機関 {body} を当レジストリにまだ示していません。示されるまで、ルール {rule} により有効になる {body} の判定はありません。",
    ),
];
