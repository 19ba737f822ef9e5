//! What is found by checking a bundle, step by step.

use super::{Sentence, plain};

/// By code, in the order of the steps.
pub(crate) const ROWS: &[Sentence] = &[
    plain(
        "form-verdict",
        "{count} statements about {verdict} from the log {origin}",
        "ログ {origin} の、{verdict} に関するステートメント {count} 件",
    ),
    plain(
        "form-supplier",
        "{entries} entries about a supplier with {identifiers} identifiers under {scheme} from the log {origin}",
        "ログ {origin} の、{scheme} における事業者(識別子 {identifiers} 個)に関する記録 {entries} 件",
    ),
    plain(
        "signed-by-named-key",
        "{origin}, whose key the policy names, signed a checkpoint of {size} entries",
        "ポリシーが鍵を指定する {origin} が、記録 {size} 件のチェックポイントに署名しています",
    ),
    plain(
        "signed-by-later-key",
        "{origin}, whose key the policy names and which handed over to {key} by entry {entry}, signed a checkpoint of {size} entries",
        "ポリシーが鍵を指定し、記録 {entry} で {key} に鍵を引き継いだ {origin} が、記録 {size} 件のチェックポイントに署名しています",
    ),
    plain(
        "signed-by-earlier-key",
        "{origin}, with a key that the policy names for up to {until} entries, signed a checkpoint of {size} entries",
        "ポリシーが記録 {until} 件まで認める鍵で、{origin} が記録 {size} 件のチェックポイントに署名しています",
    ),
    plain(
        "no-witness-asked",
        "the policy asks for no witness, and none of its own cosigned",
        "ポリシーは立会人を求めておらず、ポリシーの立会人による連署もありません",
    ),
    plain(
        "cosigned",
        "cosigned by {witnesses}; the policy asks for {quorum}",
        "{witnesses} が連署しています(ポリシーが求める数は {quorum})",
    ),
    plain(
        "no-older",
        "it is no older than the {seen} entries that were seen before",
        "以前に確認した記録 {seen} 件の時点より古くありません",
    ),
    plain(
        "included",
        "all {count} statements stand in the log under it",
        "ステートメント {count} 件はすべて、その下のログにあります",
    ),
    plain(
        "known-up-to",
        "the log is known up to {sealed}, for which the answer is",
        "ログは {sealed} まで判明しており、回答はこの時点のものです",
    ),
    plain(
        "known-beyond",
        "the log is known up to {sealed}; the answer is for {at}",
        "ログは {sealed} まで判明しており、回答は {at} 時点のものです",
    ),
    plain(
        "genesis-pinned",
        "the log begins with the genesis that the policy pins",
        "ログは、ポリシーが指定する起源の記録で始まっています",
    ),
    plain(
        "genesis-by-key",
        "the log begins with a genesis that names the policy's log key",
        "ログは、ポリシーのログ鍵を記載した起源の記録で始まっています",
    ),
    plain(
        "genesis-of-other-key",
        "the log begins with a genesis whose log key gave way to the policy's, or came before it",
        "ログの起源の記録が記載する鍵は、ポリシーの鍵に引き継がれたか、それに先立つものです",
    ),
    plain(
        "allowed",
        "entry {index} of {at}: {kind}, signed by {by} with its key of that time; the rules allow it",
        "{at} の記録 {index}: {kind}。{by} が当時の鍵で署名しており、規則に適合しています",
    ),
    plain(
        "root-of-policy",
        "the newest credential's certificates lead to {root}, a root of the policy",
        "最新のクレデンシャルの証明書は、ポリシーのルート {root} に至ります",
    ),
    plain(
        "complete-verdict",
        "the state map under the seal counts {count} entries about it, and those about {rests} parties, accreditations, designations, \
         arrangements and peers that it rests on: all are shown, and there is no other",
        "封印の下の状態マップが数えるこの判定の記録は {count} 件で、根拠となる当事者・認定・指定・取決め・ピア {rests} 件の記録も含め、\
         すべて示されており、ほかにはありません",
    ),
    plain(
        "counts-none",
        "the state map under the seal counts no entry about {identifier} under {scheme}",
        "封印の下の状態マップに、{scheme} における {identifier} の記録はありません",
    ),
    plain(
        "counts-some",
        "the state map under the seal counts {count} entries about {identifier} under {scheme}, the latest of which is {last}: these, \
         and no other",
        "封印の下の状態マップが数える {scheme} における {identifier} の記録は {count} 件(最新は {last})で、示されたものがすべてです",
    ),
    // Who answers for the verdict.
    plain(
        "accredited-then",
        "{body}, which answers for it, was accredited then ({accreditation})",
        "責任を負う {body} は、その時点で認定されていました({accreditation})",
    ),
    plain(
        "copied-from-list",
        "{body} copied it from a list; nobody decided it here",
        "{body} が一覧から転記したもので、当レジストリで判定した者はいません",
    ),
    plain(
        "not-accredited-then",
        "{body}, which answers for it, was not accredited then; what it had granted stays as far as its scheme says",
        "責任を負う {body} は、その時点で認定されていませんでした。付与済みの判定はスキームが定める範囲で存続します",
    ),
    plain(
        "declared-and-confirmed",
        "{body} declared it of itself, and {expert} confirmed it; no body decided it",
        "{body} が自ら宣言し、{expert} が確認しました。認証機関の判定ではありません",
    ),
    plain(
        "declared",
        "{body} declared it of itself; no body decided it, and no expert confirmed it",
        "{body} が自ら宣言しました。認証機関の判定ではなく、専門家の確認もありません",
    ),
    plain(
        "sponsored-and-confirmed",
        "{body} declared it for the supplier, as its sponsor, and {expert} confirmed it; no body decided it",
        "{body} がスポンサーとして事業者のために宣言し、{expert} が確認しました。認証機関の判定ではありません",
    ),
    plain(
        "sponsored",
        "{body} declared it for the supplier, as its sponsor; no body decided it, and no expert confirmed it",
        "{body} がスポンサーとして事業者のために宣言しました。認証機関の判定ではなく、専門家の確認もありません",
    ),
    plain(
        "took-the-place",
        "{body} took the place of {issuer}, which decided it, by entry {entry}",
        "判定した {issuer} の地位は、記録 {entry} により {body} が承継しました",
    ),
    plain(
        "documented",
        "the credential of entry {entry}, issued by {by}, says what the verdict said; it shows {shown} of the parts that it keeps back",
        "{by} が発行した記録 {entry} のクレデンシャルは判定と一致しています。非開示の部分のうち {shown} 個を示しています",
    ),
    // How it stood.
    plain(
        "was-in-force",
        "at {at} {verdict} was {state}, and in force",
        "{at} 時点で {verdict} は {state}、有効でした",
    ),
    plain(
        "was-not-in-force",
        "at {at} {verdict} was {state}, and not in force",
        "{at} 時点で {verdict} は {state}、有効ではありませんでした",
    ),
    plain(
        "granted-with-stolen-key",
        "by entry {entry} it was granted with a stolen key",
        "記録 {entry} により、盗まれた鍵で付与されたものです",
    ),
    plain(
        "basis-kept",
        "{=what} since {since}, and its scheme keeps it in force",
        "{since} から{=what}が、スキームの定めにより有効のままです",
    ),
    plain("basis-window", "{=what}, and it stays in force until {until}", "{=what}ため、{until} までに限り有効です"),
    plain(
        "basis-window-closed",
        "{=what}, and it stayed in force until {until}",
        "{=what}ため、{until} までに限り有効でした",
    ),
    plain("basis-lapsed", "lapsed since {since}, because {=what}", "{=what}ため、{since} から有効ではありません"),
    plain(
        "counted",
        "at {at} {origin} counted {verdict} as {outcome}",
        "{at} 時点で {origin} は {verdict} を {outcome} として扱っていました",
    ),
    // What a log holds about a supplier.
    plain(
        "registered",
        "{origin} registered the supplier as {party}, with these identifiers and no others",
        "{origin} はこの事業者を {party} として登録しており、識別子はこれらのみです",
    ),
    plain(
        "unregistered",
        "its registration is not shown: it may have other identifiers, of which nothing is said",
        "登録が示されていません。ほかの識別子がある可能性があり、それらについては何も述べていません",
    ),
    plain(
        "holds-none",
        "as of {at}, {origin} holds no verdict about {identifier} under {scheme}, its own or another registry's, other than \
         restricted verdicts of other registries, which are in no log but their own",
        "{at} 時点で、{origin} は {scheme} における {identifier} の判定を、自らのものも他のレジストリのものも保有していません\
         (自らのログにのみ置かれる他のレジストリの限定公開の判定を除く)",
    ),
    plain(
        "held-none",
        "as of {at}, leaving out what was erased since, {origin} holds no verdict about {identifier} under {scheme}, its own or \
         another registry's, other than restricted verdicts of other registries, which are in no log but their own",
        "{at} 時点で(その後に消去されたものを除き)、{origin} は {scheme} における {identifier} の判定を、自らのものも他のレジストリのものも\
         保有していません(自らのログにのみ置かれる他のレジストリの限定公開の判定を除く)",
    ),
    plain(
        "holds-some",
        "as of {at}, {origin} holds {count} entries about {identifier} under {scheme}, the latest of which is {last}; {shown} of their \
         statements are shown",
        "{at} 時点で、{origin} が保有する {scheme} における {identifier} の記録は {count} 件(最新は {last})で、うち {shown} 件の\
         ステートメントが示されています",
    ),
    plain(
        "held-some",
        "as of {at}, leaving out what was erased since, {origin} holds {count} entries about {identifier} under {scheme}, the latest \
         of which is {last}; {shown} of their statements are shown",
        "{at} 時点で(その後に消去されたものを除き)、{origin} が保有する {scheme} における {identifier} の記録は {count} 件(最新は {last})で、\
         うち {shown} 件のステートメントが示されています",
    ),
    plain(
        "registry-closed",
        "its registry closed at {at}, by entry {index}; its successor is {successor}, at {url}",
        "このレジストリは {at} に、記録 {index} をもって終了しました。{successor}({url})が引き継いでいます",
    ),
    plain(
        "says-nothing-of",
        "nothing is said of other identifiers, of other schemes or versions, of restricted verdicts of other registries, which are in \
         no log but their own, or of anything later",
        "ほかの識別子、ほかのスキームや版、自らのログにのみ置かれる他のレジストリの限定公開の判定、およびその後のことについては何も述べていません",
    ),
];
