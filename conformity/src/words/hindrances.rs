//! Why subscribers are not told something, for those who put the subscription.

use super::{Sentence, plain};

/// By code.
pub(crate) const ROWS: &[Sentence] = &[
    plain(
        "chain-gone",
        "the supply chain that it names was removed; put it again, and then the subscription",
        "指定されたサプライチェーンは削除されています。もう一度登録してから、サブスクリプションを登録し直してください。",
    ),
    plain(
        "chain-unreadable",
        "what is kept of the supply chain that it names cannot be read; put it again, and then the subscription",
        "指定されたサプライチェーンの保存内容を読み取れません。もう一度登録してから、サブスクリプションを登録し直してください。",
    ),
    plain(
        "policy-gone",
        "the policy that it names was removed; put it again, and then the subscription",
        "指定されたポリシーは削除されています。もう一度登録してから、サブスクリプションを登録し直してください。",
    ),
    plain(
        "policy-unreadable",
        "what is kept of the policy that it names cannot be read; put it again, and then the subscription",
        "指定されたポリシーの保存内容を読み取れません。もう一度登録してから、サブスクリプションを登録し直してください。",
    ),
    plain(
        "too-much-to-weigh",
        "the policy has too many requirements for a chain of so many links; put a smaller one, or check the chain with the command line",
        "リンクの数に対してポリシーの要件が多すぎます。どちらかを小さくするか、コマンドラインで確認してください。",
    ),
    plain(
        "too-much-past",
        "what was made of the suppliers of this entry stands in more result lists than are read at once; ask how they stand",
        "このエントリーの供給者についての結果は、一度に読める数を超える結果リストに記録されています。各供給者の現在の状況を照会してください。",
    ),
    plain(
        "not-found-out",
        "this registry cannot find out at the moment what is to be told; it tries again, and its operator is told",
        "通知すべき内容を現在確認できません。レジストリが再試行し、運営者にも知らせています。",
    ),
];
