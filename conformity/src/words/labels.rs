//! What stands around the answers of a command line: marks, parts of lines, lines about what a verdict went through.

use super::{Sentence, plain};

/// By code.
pub(crate) const ROWS: &[Sentence] = &[
    // How a supplier stands.
    plain("in-force", "in force", "有効です"),
    plain("not-in-force", "not in force", "有効ではありません"),
    plain("in-part", ", in part of what was asked", "、照会された内容の一部についてです"),
    plain("until", ", until {day}", "、{day} まで"),
    plain("fictional", " (fictional scheme)", "(架空のスキーム)"),
    plain(
        "evidence",
        "accepted as evidence, which counts for nothing here, by {authority}, {unit}, from {from} until {until}",
        "{authority} {unit} が {from} から {until} まで証拠として受け入れています(当レジストリでの扱いには影響しません)",
    ),
    plain(
        "evidence",
        "accepted as evidence, which counts for nothing here, by {authority}, from {from} until {until}",
        "{authority} が {from} から {until} まで証拠として受け入れています(当レジストリでの扱いには影響しません)",
    ),
    plain(
        "evidence",
        "accepted as evidence, which counts for nothing here, by {authority}, {unit}, from {from}",
        "{authority} {unit} が {from} から証拠として受け入れています(当レジストリでの扱いには影響しません)",
    ),
    plain(
        "evidence",
        "accepted as evidence, which counts for nothing here, by {authority}, from {from}",
        "{authority} が {from} から証拠として受け入れています(当レジストリでの扱いには影響しません)",
    ),
    plain("state-there", "{state} there, {outcome}", "付与元では {state}、当レジストリでは {outcome}"),
    plain("under-rule", " under rule {rule}", "(ルール {rule})"),
    plain("counts-here", ", counts here", "、当レジストリで有効です"),
    plain("counts-not-here", ", does not count here", "、当レジストリでは有効ではありません"),
    plain("nothing-to-show", "nothing to show: {absence}", "表示できるものはありません: {absence}"),
    plain("nothing-of", "nothing of {supplier}: {absence}", "{supplier} について表示できるものはありません: {absence}"),
    plain("moved-on", "goes on at {url}, by the log of {registry}", "{registry} のログに基づき {url} で継続します"),
    plain(
        "succeeded-by",
        "goes on with {successor} at {url}, from the start of its log, by the log of {registry}",
        "{registry} のログに基づき、承継先 {successor}({url})のログを最初から継続します",
    ),
    // Of which time.
    plain(
        "as-of-then",
        "as of {at}, {size} entries, as the registry then knew",
        "{at} 時点(ログ {size} 件)、当時のレジストリの記録による",
    ),
    plain("as-of-then", "as of {at}, as the registry then knew", "{at} 時点、当時のレジストリの記録による"),
    plain(
        "as-of-now",
        "as of {at}, {size} entries, as it is known now to have been",
        "{at} 時点(ログ {size} 件)、現在判明しているところによる",
    ),
    plain("as-of-now", "as of {at}, as it is known now to have been", "{at} 時点、現在判明しているところによる"),
    // A verdict.
    plain(
        "basis-kept",
        "{=what} since {since}; its scheme keeps it in force",
        "{since} から{=what}が、スキームの定めにより有効のままです",
    ),
    plain(
        "basis-window",
        "{=what}; in force until {until}; {=remedy}",
        "{=what}ため、{until} までに限り有効です。{=remedy}",
    ),
    plain(
        "basis-lapsed",
        "not in force since {since}, because {=what}; {=remedy}",
        "{=what}ため、{since} から有効ではありません。{=remedy}",
    ),
    plain("by-party", "by {party}", "{party} による"),
    plain("void-by", "void by entry {index}", "記録 {index} により無効"),
    plain(
        "accepted",
        "{authority}, {unit}, from {from} until {until}, says {list}, {row}; it recognises nothing",
        "{authority} {unit}、{from} から {until} まで({list}、{row} による)。承認ではありません",
    ),
    plain(
        "accepted",
        "{authority}, from {from} until {until}, says {list}, {row}; it recognises nothing",
        "{authority}、{from} から {until} まで({list}、{row} による)。承認ではありません",
    ),
    plain(
        "accepted",
        "{authority}, {unit}, from {from}, says {list}, {row}; it recognises nothing",
        "{authority} {unit}、{from} から({list}、{row} による)。承認ではありません",
    ),
    plain(
        "accepted",
        "{authority}, from {from}, says {list}, {row}; it recognises nothing",
        "{authority}、{from} から({list}、{row} による)。承認ではありません",
    ),
    plain(
        "key-stolen",
        "key {kid} of {party} was in other hands since {since}",
        "{party} の鍵 {kid} は {since} から他者の手にありました",
    ),
    // Lists.
    plain("none-listed", "(none)", "(該当なし)"),
    plain("heading-verdict", "verdict", "判定"),
    plain("heading-state", "state", "状態"),
    plain("heading-scheme", "scheme", "スキーム"),
    plain("heading-supplier", "supplier", "事業者"),
    plain("heading-object", "object", "評価対象"),
    plain("heading-until", "until", "期限"),
    plain("heading-requirement", "requirement", "要求事項"),
    plain("heading-cover", "cover", "充足"),
    plain("heading-covered-by", "by", "根拠"),
    plain("heading-evidence-in", "evidence in", "証拠のある判定"),
    // What is met.
    plain(
        "met-supposed",
        "supposed: all of {document} ({met} requirements)",
        "仮定: {document} のすべて(要求事項 {met} 件)",
    ),
    plain(
        "met-results",
        "{verdict} under {scheme}: {met} requirements met, {left-out} not met in full or not applicable",
        "{scheme} による {verdict}: 要求事項 {met} 件を充足、{left-out} 件は未充足、一部充足または適用外",
    ),
    plain(
        "met-whole-documents",
        "{verdict} under {scheme}: what its scheme assesses ({met} requirements; {left-out} left out by viewpoints and exclusions)",
        "{scheme} による {verdict}: スキームの評価範囲(要求事項 {met} 件。観点と除外事項により {left-out} 件を除く)",
    ),
    plain(
        "met-recognised",
        "{verdict} under {scheme}, {outcome} here: {met} requirements met, {left-out} left out by its viewpoints and exclusions",
        "{scheme} による {verdict}(当レジストリでは {outcome}): 要求事項 {met} 件を充足、観点と除外事項により {left-out} 件を除く",
    ),
    plain(
        "met-not-stated",
        "{verdict} under {scheme}: says nothing of single requirements that you may see",
        "{scheme} による {verdict}: 個々の要求事項について閲覧できる記載はありません",
    ),
    plain("excluded", "; excluded: {names}", "。除外: {names}"),
    plain("excluded-and-more", "; excluded: {names} and {others} more", "。除外: {names} ほか {others} 件"),
    plain("and-more", " (and {others} more)", "(ほか {others} 件)"),
    // A bundle that was checked.
    plain("verified-in-force", "{verdict} at {at}: {state}, in force", "{at} 時点の {verdict}: {state}、有効です"),
    plain(
        "verified-not-in-force",
        "{verdict} at {at}: {state}, not in force",
        "{at} 時点の {verdict}: {state}、有効ではありません",
    ),
    plain(
        "verified-recognition",
        "{verdict} at {at}: {outcome} by {origin}",
        "{at} 時点の {verdict}: {origin} では {outcome}",
    ),
    plain("at-that-time", "as of {at}", "{at} 時点で"),
    plain(
        "at-that-time-but-erased",
        "as of {at}, leaving out what was erased since",
        "{at} 時点で(その後に消去されたものを除き)",
    ),
    plain(
        "verified-none",
        "{as-of}, {origin} holds no verdict about {about} under {scheme}, other than restricted verdicts of other registries, which are in \
         no log but their own",
        "{as-of}、{origin} は {scheme} における {about} の判定を保有していません(自らのログにのみ置かれる他のレジストリの限定公開の判定を除く)",
    ),
    plain(
        "verified-entries",
        "{as-of}, {origin} holds {count} entries about {about} under {scheme}, and no others",
        "{as-of}、{origin} が保有する {scheme} における {about} の記録は {count} 件であり、ほかにはありません",
    ),
    plain(
        "entry-shown",
        "entry {index} of {at}: {kind} {verdict}, which names {by}",
        "{at} の記録 {index}: {kind} {verdict}({by} の名によるもの)",
    ),
    plain(
        "entry-shown",
        "entry {index} of {at}: {kind}, which names {by}",
        "{at} の記録 {index}: {kind}({by} の名によるもの)",
    ),
    plain("entry-not-shown", "entry {index} of {at}: not shown", "{at} の記録 {index}: 示されていません"),
    plain("step-held", "ok", "適合"),
    plain("all-verified", "VERIFIED", "検証済み"),
    plain("not-believed", "REFUSED", "不合格"),
    plain("but-closed", "; BUT {closed}", "。ただし、{closed}"),
    plain(
        "bundle-of-verdict",
        "this is about the verdict {verdict}; --registered is of suppliers",
        "これは判定 {verdict} に関するものです。--registered は事業者に関するバンドルに用います",
    ),
    plain(
        "bundle-of-supplier",
        "this is about a supplier; certificates are of verdicts",
        "これは事業者に関するものです。証書は判定について作成します",
    ),
    plain("bytes-written", "{file} with {bytes} bytes", "{file}({bytes} バイト)"),
    plain("certificate-written", "{file}: the certificate of {verdict}", "{file}: {verdict} の証書"),
    // A supply chain, drawn.
    plain("chain-title", "Supply chain", "サプライチェーン"),
    plain(
        "chain-description",
        "{places} places, {links} links: {broken} do not meet the policy, {affected} more hang on those; {left-out-places} places and \
         {left-out-lines} lines are not drawn.",
        "事業者と製品 {places} 件、供給関係 {links} 件。方針を満たさないもの {broken} 件、その影響を受けるもの {affected} 件。図示していない事業者と製品 \
         {left-out-places} 件、線 {left-out-lines} 本。",
    ),
    plain(
        "chain-description",
        "{places} places, {links} links: {broken} do not meet the policy, {affected} more hang on those.",
        "事業者と製品 {places} 件、供給関係 {links} 件。方針を満たさないもの {broken} 件、その影響を受けるもの {affected} 件。",
    ),
    plain("chain-broken", "does not meet the policy", "方針を満たしていません"),
    plain("chain-affected", "hangs on what does not meet the policy", "方針を満たさないものの影響を受けます"),
    plain("chain-sound", "not affected", "影響ありません"),
    // A supply chain under a policy.
    plain("asking-suppliers", "asking about suppliers", "事業者を照会中"),
    plain("chain-link", "{supplier} → {to}, tier {tier}: {=advice}", "{supplier} → {to}、第 {tier} 層: {=advice}"),
    plain("chain-alternatives", "could take over:", "代替可能な事業者:"),
    plain(
        "chain-changed",
        "{supplier} → {to}, tier {tier}: {=before} becomes {=after}",
        "{supplier} → {to}、第 {tier} 層: {=before} から {=after} に変わります",
    ),
    plain("policy-changes-nothing", "nothing would change", "変わるものはありません"),
    plain("exposed-products", "products exposed ({count}):", "影響を受ける製品({count} 件):"),
    plain("exposed-orders", "orders exposed ({count}):", "影響を受ける注文({count} 件):"),
    plain("exposed-paths", "by these paths:", "経路:"),
    plain("exposed-more-paths", "by more paths, which are not listed", "ほかにも経路があります(表示は省略)"),
    plain(
        "chain-summary",
        "{suppliers} suppliers, {links} links, {broken} do not meet the policy",
        "事業者 {suppliers} 件、供給関係 {links} 件のうち、方針を満たさないもの {broken} 件",
    ),
    plain("decided", "{partner}: {=advice}", "{partner}: {=advice}です"),
    // Documents of trading networks.
    plain(
        "partner-unread",
        "{partner} cannot be looked up: {why}. Go on once it is known who this is: ask for an identifier that registries know.",
        "{partner} は照会できません({why})。相手方を確認してから進めてください。レジストリが扱う識別子を相手方にお尋ねください。",
    ),
    plain(
        "partner-unidentified",
        "{partner} has a name alone, which names nobody for sure. Go on once it is known who this is: ask for an identifier.",
        "{partner} は名称だけで、誰か確定できません。相手方を確認してから進めてください。識別子を相手方にお尋ねください。",
    ),
    plain(
        "bridge-no-step",
        "the document belongs to no step of a trade; say at which one you ask",
        "取引のどの段階の文書か分かりません。段階を指定してください",
    ),
    plain("bridge-no-partner", "the document names no partner to ask about", "文書に照会すべき相手方がありません"),
    plain("answered", "answered", "回答しました"),
    plain("answered-before", "answered before; nothing is answered twice", "回答済みのため、重ねて回答しません"),
    plain(
        "changes-told",
        "{file}: {rows} changes behind {after}, up to {through}",
        "{file}: {after} より後、{through} までの変更 {rows} 件",
    ),
    plain(
        "changes-held",
        "{file}: {rows} changes of {origin} behind {after}, up to {through}, signed by {by} at {signed}, under its checkpoint of {size} entries",
        "{file}: {origin} の {after} より後、{through} までの変更 {rows} 件。{by} が {signed} に署名し、ログ {size} 件のチェックポイントに基づきます",
    ),
    plain("put-aside", "refused; the reason stands beside it", "受理しません。理由は隣のファイルにあります"),
    plain(
        "not-a-file",
        "it is a link or another special file, and is not read; put the document there itself",
        "リンクなど通常のファイルではないため、読みません。文書そのものを置いてください",
    ),
    plain(
        "file-too-large",
        "{bytes} bytes are more than the {most} that are read; send it in parts",
        "{most} バイトまでですが、{bytes} バイトあります。分けて送ってください",
    ),
];
