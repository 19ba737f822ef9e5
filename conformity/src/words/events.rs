//! What an event says, by the last part of its type. One whose kind has no row is told by the row of its family.

use super::{Sentence, plain};

/// By kind, behind them the families.
pub(crate) const ROWS: &[Sentence] = &[
    plain(
        "verdict.granted",
        "{verdict} on {supplier} under {scheme} is granted.",
        "{supplier} に対する {scheme} の判定 {verdict} が付与されました。",
    ),
    plain(
        "verdict.conditional",
        "{verdict} on {supplier} under {scheme} is now conditional.",
        "{supplier} に対する {scheme} の判定 {verdict} は条件付きになりました。",
    ),
    plain(
        "verdict.suspended",
        "{verdict} on {supplier} under {scheme} is suspended.",
        "{supplier} に対する {scheme} の判定 {verdict} は一時停止されました。",
    ),
    plain(
        "verdict.restored",
        "{verdict} on {supplier} under {scheme} is restored.",
        "{supplier} に対する {scheme} の判定 {verdict} は復帰しました。",
    ),
    plain(
        "verdict.conditions-met",
        "The conditions of {verdict} on {supplier} under {scheme} are met.",
        "{supplier} に対する {scheme} の判定 {verdict} に付された条件が充足されました。",
    ),
    plain(
        "verdict.scope-extended",
        "The scope of {verdict} on {supplier} under {scheme} is extended.",
        "{supplier} に対する {scheme} の判定 {verdict} の範囲が拡大されました。",
    ),
    plain(
        "verdict.scope-reduced",
        "The scope of {verdict} on {supplier} under {scheme} is reduced.",
        "{supplier} に対する {scheme} の判定 {verdict} の範囲が縮小されました。",
    ),
    plain(
        "verdict.renewed",
        "{verdict} on {supplier} under {scheme} is renewed.",
        "{supplier} に対する {scheme} の判定 {verdict} は更新されました。",
    ),
    plain(
        "verdict.transferred",
        "Another body now answers for {verdict} on {supplier} under {scheme}.",
        "{supplier} に対する {scheme} の判定 {verdict} は別の認証機関に移転されました。",
    ),
    plain(
        "verdict.surrendered",
        "{verdict} on {supplier} under {scheme} is surrendered.",
        "{supplier} に対する {scheme} の判定 {verdict} は返上されました。",
    ),
    plain(
        "verdict.withdrawn",
        "{verdict} on {supplier} under {scheme} is withdrawn.",
        "{supplier} に対する {scheme} の判定 {verdict} は取り消されました。",
    ),
    plain(
        "verdict.superseded",
        "Another verdict takes the place of {verdict} on {supplier} under {scheme}.",
        "{supplier} に対する {scheme} の判定 {verdict} は後継の判定に置き換えられました。",
    ),
    plain(
        "verdict.annulled",
        "{verdict} on {supplier} under {scheme} is annulled: it was an error.",
        "{supplier} に対する {scheme} の判定 {verdict} は誤りとして訂正により無効とされました。",
    ),
    plain(
        "verdict.historical",
        "{verdict} on {supplier} under {scheme} is kept as history only.",
        "{supplier} に対する {scheme} の判定 {verdict} は履歴としてのみ残されます。",
    ),
    plain(
        "verdict.appeal-opened",
        "An appeal about {verdict} on {supplier} under {scheme} is pending.",
        "{supplier} に対する {scheme} の判定 {verdict} について異議申立てが係属しています。",
    ),
    plain(
        "verdict.appeal-closed",
        "The appeal about {verdict} on {supplier} under {scheme} is closed.",
        "{supplier} に対する {scheme} の判定 {verdict} についての異議申立ては終結しました。",
    ),
    plain(
        "verdict.complaint-opened",
        "A complaint about {verdict} on {supplier} under {scheme} is pending.",
        "{supplier} に対する {scheme} の判定 {verdict} について苦情が係属しています。",
    ),
    plain(
        "verdict.complaint-closed",
        "The complaint about {verdict} on {supplier} under {scheme} is closed.",
        "{supplier} に対する {scheme} の判定 {verdict} についての苦情は終結しました。",
    ),
    plain(
        "verdict.recommendation-declined",
        "The body does not follow what was recommended about {verdict} on {supplier} under {scheme}.",
        "{supplier} に対する {scheme} の判定 {verdict} について、認証機関は勧告に従わないことにしました。",
    ),
    plain(
        "verdict.confirmed",
        "An expert confirms {verdict}, which {supplier} declared under {scheme}.",
        "{supplier} が {scheme} により自己宣言した {verdict} を専門家が確認しました。",
    ),
    plain(
        "verdict.confirmation-withdrawn",
        "The expert takes back the confirmation of {verdict}, which {supplier} declared under {scheme}.",
        "{supplier} が {scheme} により自己宣言した {verdict} の確認を、専門家が取り消しました。",
    ),
    plain(
        "verdict.reported",
        "A surveillance report on {verdict} on {supplier} under {scheme} is filed.",
        "{supplier} に対する {scheme} の判定 {verdict} についてサーベイランス報告が提出されました。",
    ),
    plain(
        "verdict.accepted-as-evidence",
        "A list says that an authority took {verdict} on {supplier} under {scheme} as evidence; nothing follows from it here.",
        "{supplier} に対する {scheme} の判定 {verdict} を、ある当局が証拠として受け入れたことが一覧に記載されています。当レジストリでの扱いは変わりません。",
    ),
    plain(
        "verdict.expired",
        "{verdict} on {supplier} under {scheme} has expired.",
        "{supplier} に対する {scheme} の判定 {verdict} は有効期限が切れました。",
    ),
    plain(
        "verdict.surveillance-overdue",
        "Surveillance of {verdict} on {supplier} under {scheme} is overdue.",
        "{supplier} に対する {scheme} の判定 {verdict} のサーベイランスは期限を過ぎています。",
    ),
    plain(
        "verdict.conditions-overdue",
        "The last day for the conditions of {verdict} on {supplier} under {scheme} is past, and nobody said that they are met.",
        "{supplier} に対する {scheme} の判定 {verdict} に付された条件は期限を過ぎ、充足が表明されていません。",
    ),
    plain(
        "verdict.basis-kept",
        "Something that {verdict} on {supplier} under {scheme} rests on lapsed; it stays in force.",
        "{supplier} に対する {scheme} の判定 {verdict} の根拠の一部が失効しましたが、判定は有効のままです。",
    ),
    plain(
        "verdict.basis-window",
        "Something that {verdict} on {supplier} under {scheme} rests on lapsed; it is in force for a while only.",
        "{supplier} に対する {scheme} の判定 {verdict} の根拠の一部が失効し、判定は移行期間に限り有効です。",
    ),
    plain(
        "verdict.basis-lapsed",
        "Something that {verdict} on {supplier} under {scheme} rests on lapsed; it is not in force.",
        "{supplier} に対する {scheme} の判定 {verdict} の根拠の一部が失効し、判定は有効ではありません。",
    ),
    plain(
        "verdict.basis-holds",
        "What {verdict} on {supplier} under {scheme} rests on holds again.",
        "{supplier} に対する {scheme} の判定 {verdict} の根拠は再び有効です。",
    ),
    plain(
        "verdict.coverage-changed",
        "A crosswalk was corrected by which {verdict} on {supplier} under {scheme} covers requirements of another document; ask again what it covers.",
        "{supplier} に対する {scheme} の判定 {verdict} が他の文書の要求事項をどこまで満たすかを示す対応表が訂正されました。充足の範囲を改めて確認してください。",
    ),
    plain(
        "verdict.voided",
        "A stolen key signed something of {verdict} on {supplier} under {scheme}, which is void.",
        "{supplier} に対する {scheme} の判定 {verdict} の一部は盗まれた鍵で署名されていたため無効です。",
    ),
    plain(
        "recognition.recognised",
        "{verdict} on {supplier} under {scheme} is recognised here.",
        "{supplier} に対する {scheme} の判定 {verdict} は当レジストリで承認されています。",
    ),
    plain(
        "recognition.partial",
        "{verdict} on {supplier} under {scheme} is recognised here in part.",
        "{supplier} に対する {scheme} の判定 {verdict} は当レジストリで一部が承認されています。",
    ),
    plain(
        "recognition.accepted-as-evidence",
        "{verdict} on {supplier} under {scheme} is accepted here as evidence only.",
        "{supplier} に対する {scheme} の判定 {verdict} は当レジストリで証拠としてのみ受け入れられています。",
    ),
    plain(
        "recognition.refused",
        "{verdict} on {supplier} under {scheme} is not recognised here.",
        "{supplier} に対する {scheme} の判定 {verdict} は当レジストリで承認されていません。",
    ),
    plain(
        "arrangement.signed",
        "This registry signed terms of arrangement {arrangement}.",
        "当レジストリは取決め {arrangement} の条項に署名しました。",
    ),
    plain(
        "arrangement.suspended",
        "This registry suspended arrangement {arrangement}.",
        "当レジストリは取決め {arrangement} を停止しました。",
    ),
    plain(
        "arrangement.restored",
        "This registry restored arrangement {arrangement}.",
        "当レジストリは取決め {arrangement} の停止を解除しました。",
    ),
    plain(
        "arrangement.ended",
        "This registry ends arrangement {arrangement}.",
        "当レジストリは取決め {arrangement} を終了させます。",
    ),
    plain("bulletin.issued", "Bulletin {bulletin} is issued.", "お知らせ {bulletin} が発行されました。"),
    plain(
        "bulletin.relayed",
        "Bulletin {bulletin} of another registry is passed on.",
        "他のレジストリのお知らせ {bulletin} が転送されました。",
    ),
    plain(
        "body.succeeded",
        "{successor} took the place of {predecessor} and answers for what that one decided.",
        "{successor} が {predecessor} の地位を承継し、その判定などについて責任を負うことになりました。",
    ),
    plain(
        "registry.closed",
        "This registry has ended and takes nothing more; {successor} goes on, at {url}.",
        "当レジストリは終了し、新たなステートメントを受け付けません。{successor} が引き継いでいます({url})。",
    ),
    plain(
        "registry.moved",
        "This registry is served elsewhere from now on; its log says where.",
        "当レジストリは以後、別の宛先で提供されます。宛先はログに記載されています。",
    ),
    plain("scheme.replaced", "Scheme {scheme} is replaced.", "スキーム {scheme} は置き換えられます。"),
    plain("crosswalk.published", "Crosswalk {crosswalk} is published.", "対応表 {crosswalk} が公開されました。"),
    // Families.
    plain(
        "verdict",
        "Something happened to {verdict} on {supplier} under {scheme}.",
        "{supplier} に対する {scheme} の判定 {verdict} に変更がありました。",
    ),
    plain(
        "recognition",
        "What is made here of {verdict} on {supplier} under {scheme} changed.",
        "{supplier} に対する {scheme} の判定 {verdict} の当レジストリでの扱いが変わりました。",
    ),
    plain(
        "arrangement",
        "This registry took a step about arrangement {arrangement}.",
        "当レジストリは取決め {arrangement} について手続を行いました。",
    ),
    plain("bulletin", "Something happened to bulletin {bulletin}.", "お知らせ {bulletin} に変更がありました。"),
    plain("scheme", "Something happened to scheme {scheme}.", "スキーム {scheme} に変更がありました。"),
    plain("crosswalk", "Something happened to crosswalk {crosswalk}.", "対応表 {crosswalk} に変更がありました。"),
    plain("body", "Something happened to a body of this registry.", "当レジストリの機関に変更がありました。"),
    plain("registry", "Something happened to this registry.", "当レジストリに変更がありました。"),
    plain("entry", "An entry that says nothing to everybody.", "一般に公開される内容のない記録です。"),
];
