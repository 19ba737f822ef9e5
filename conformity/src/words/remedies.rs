//! What would change an answer, a row for each code.

use super::{Sentence, plain};

/// By code.
pub(crate) const ROWS: &[Sentence] = &[
    plain(
        "assess-here",
        "only a verdict of this registry, or a rule that grants more, would count",
        "当レジストリ自身の判定、またはより多くを認めるルールがあれば有効になります",
    ),
    plain(
        "finish-procedure",
        "it counts once this registry's own, shortened procedure ends in a verdict",
        "当レジストリの簡略手続が判定に至れば有効になります",
    ),
    plain(
        "assess-the-rest",
        "the rest counts once it is assessed under a scheme of this registry, or once the rule covers it",
        "残りの部分は、当レジストリのスキームで評価されるか、ルールが対象に含めれば有効になります",
    ),
    plain(
        "widen-rule",
        "it would count once a new version of the arrangement covers it",
        "取決めの新しい版が対象に含めれば有効になります",
    ),
    plain(
        "lift-suspension",
        "it counts as before once the suspension of the arrangement is lifted",
        "取決めの停止が解除されれば従来どおり有効になります",
    ),
    plain(
        "new-arrangement",
        "a new arrangement, or a new version of it, would have to be in force",
        "新しい取決め、またはその新しい版の発効が必要です",
    ),
    plain(
        "wait-for-arrangement",
        "it counts from the first day of the arrangement",
        "取決めの開始日から有効になります",
    ),
    plain(
        "sign-arrangement",
        "it counts once the missing signatures are given",
        "不足している署名がそろえば有効になります",
    ),
    plain(
        "conclude-arrangement",
        "both registries would have to be party to an arrangement",
        "双方のレジストリが当事者となる取決めが必要です",
    ),
    plain(
        "change-role",
        "a new version of the arrangement would have to give the registry that role",
        "取決めの新しい版で、そのレジストリに当該の役割を与える必要があります",
    ),
    plain(
        "restore-accreditation",
        "it holds again once that accreditation does, or a body that is accredited takes the verdict over",
        "認定が回復するか、認定を受けた機関が判定を引き継げば再び有効になります",
    ),
    plain(
        "transfer-verdict",
        "it holds again once a body that is accredited takes the verdict over",
        "認定を受けた機関が判定を引き継げば再び有効になります",
    ),
    plain(
        "renew-accreditation",
        "it holds again once that accreditation is renewed, or a body that is accredited takes the verdict over",
        "認定が更新されるか、認定を受けた機関が判定を引き継げば再び有効になります",
    ),
    plain(
        "accredit-successor",
        "it holds again once that body is accredited for it, or another one that is takes the verdict over",
        "承継した機関が認定を受けるか、認定を受けた別の機関が判定を引き継げば再び有効になります",
    ),
    plain(
        "ask-coverage-again",
        "ask again what of the other document it covers",
        "他の文書をどこまで満たすかを改めて確認してください",
    ),
    plain(
        "assess-under-successor",
        "a verdict under the scheme that took its place is needed",
        "後継のスキームによる判定が必要です",
    ),
    plain(
        "file-surveillance-report",
        "it holds again once a surveillance report is filed",
        "サーベイランス報告が提出されれば再び有効になります",
    ),
    plain(
        "meet-conditions",
        "its body has to say that the conditions are met",
        "条件の充足を認証機関が表明する必要があります",
    ),
    plain(
        "restore-verdict",
        "it counts again once it is restored where it was granted",
        "付与元で停止が解除されれば再び有効になります",
    ),
    plain(
        "renew-verdict",
        "it counts again once it is renewed where it was granted",
        "付与元で更新されれば再び有効になります",
    ),
    plain("new-verdict", "only a new verdict can count", "新たな判定だけが有効になり得ます"),
    plain("use-successor", "ask for the verdict that took its place", "置き換えた後の判定をご確認ください"),
    plain("expert-confirmation", "it counts once an expert confirms it", "専門家が確認すれば有効になります"),
    plain("body-decides", "it counts once a body decides it", "認証機関が判定すれば有効になります"),
    plain("wait-for-first-day", "it counts from its first day", "有効期間の初日から有効になります"),
    plain(
        "show-again",
        "it counts again once the issuing registry shows it",
        "付与元のレジストリが再び開示すれば有効になります",
    ),
    plain(
        "include-restricted",
        "it counts once the rule includes restricted verdicts, or everybody may see the verdict",
        "ルールが限定公開の判定を含めるか、判定が公開されれば有効になります",
    ),
    plain(
        "accepted-body",
        "it counts once a body that the rule names issues it",
        "ルールが指定する機関が発行すれば有効になります",
    ),
    plain(
        "state-level",
        "it counts once the verdict states a level that the rule recognises",
        "ルールが認めるレベルが判定に記載されれば有効になります",
    ),
    plain(
        "disclose-level",
        "it counts once a level that the rule recognises is disclosed to this registry",
        "ルールが認めるレベルが当レジストリに開示されれば有効になります",
    ),
    plain(
        "raise-level",
        "it counts once it is assessed at a level that the rule recognises",
        "ルールが認めるレベルで評価されれば有効になります",
    ),
    plain(
        "assess-viewpoint",
        "it counts once one of the rule's viewpoints is assessed",
        "ルールが対象とする観点で評価されれば有効になります",
    ),
    plain(
        "state-sector",
        "it counts once the verdict names a sector that the rule covers",
        "ルールが対象とする分野が判定に記載されれば有効になります",
    ),
    plain(
        "state-site",
        "it counts once the verdict names a site that the rule covers",
        "ルールが対象とする事業所が判定に記載されれば有効になります",
    ),
    plain(
        "assess-under-covered-scheme",
        "it counts under the scheme and version that the rule names, or once the rule names this one",
        "ルールが指定するスキームと版による判定であるか、ルールがこの版を指定すれば有効になります",
    ),
    plain(
        "ask-for-verdict",
        "nothing is needed: ask for the verdict itself",
        "対応は不要です。判定そのものをご確認ください",
    ),
    plain(
        "add-peer-again",
        "it counts once the registry is added again and shows it",
        "そのレジストリが再び追加され、判定を開示すれば有効になります",
    ),
    plain(
        "ask-operator-or-body",
        "ask the operator, or the body that issued it, or have the supplier consent",
        "運営者または発行機関に照会するか、事業者の同意を得てください",
    ),
    plain(
        "publish-scheme",
        "a scheme would have to be published here, or an arrangement would have to recognise one",
        "当レジストリでのスキームの公開、または他のスキームを承認する取決めが必要です",
    ),
    plain(
        "assess-supplier",
        "a body would have to assess the supplier, or the supplier declare where the scheme admits that",
        "認証機関による評価、またはスキームが認める場合は事業者の自己宣言が必要です",
    ),
    plain("state-country", "ask again with the supplier's country", "事業者の所在国を指定して再度照会してください"),
    plain(
        "ask-elsewhere",
        "ask the registry of that country, or follow it under an arrangement",
        "その国のレジストリに照会するか、取決めに基づいて追跡してください",
    ),
    plain("ask-as-of-later", "ask as of that time or a later one", "その時点以降について照会してください"),
    plain("act-within-window", "act before the window closes", "移行期間が終わる前に対応してください"),
    plain(
        "assess-left-out",
        "what the profile leaves out counts once it is assessed",
        "プロファイルが除いた部分は、評価されれば有効になります",
    ),
    // Of a buyer's policy.
    plain(
        "holding-in-force",
        "it counts once the verdict is in force again, or another takes its place",
        "判定が再び有効になるか、別の判定が得られれば満たされます",
    ),
    plain(
        "higher-level",
        "it is met once the supplier is assessed at that level",
        "事業者がそのレベルで評価されれば満たされます",
    ),
    plain(
        "show-parts",
        "ask the supplier for its credential and have a person look at it; what a policy makes of the registry's answer stays",
        "事業者に証明書の提示を求め、担当者が確認してください(レジストリの回答に基づく方針の判断は変わりません)",
    ),
    plain("other-verdict", "a verdict of the kind asked for would meet it", "求められる区分の判定があれば満たされます"),
    plain(
        "conditions-to-meet",
        "it is met once the body states that the conditions are met",
        "認証機関が条件の充足を表明すれば満たされます",
    ),
    plain(
        "cover-site",
        "it is met once the body extends the verdict to that site, or the order goes to one that it covers",
        "認証機関が判定の対象にその事業所を加えるか、対象の事業所に発注すれば満たされます",
    ),
    plain(
        "cover-scope",
        "it is met once the body extends the scope of the verdict to it",
        "認証機関が判定の適用範囲にそれを加えれば満たされます",
    ),
    plain(
        "viewpoint-assessed",
        "it is met once the supplier is assessed from those viewpoints, too",
        "事業者がその観点からも評価されれば満たされます",
    ),
];
