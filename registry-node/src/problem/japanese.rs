//! Problems in Japanese: titles by their English, details by code. What the rules refuse is worded in `conformity::words`.

/// English and Japanese.
const TITLES: [(&str, &str); 24] = [
    ("The request is malformed", "要求の形式が正しくありません"),
    ("The request is too large", "要求が大きすぎます"),
    ("A client certificate is required", "クライアント証明書が必要です"),
    ("Not allowed", "許可されていません"),
    ("Not found", "見つかりません"),
    ("Method not allowed", "このメソッドは使用できません"),
    ("Try again later", "後で再度お試しください"),
    ("The node failed", "ノードで障害が発生しました"),
    (super::REFUSED, "ステートメントは受理されません"),
    ("The address is too long", "アドレスが長すぎます"),
    ("Unsupported media type", "対応していないメディアタイプです"),
    ("It cannot be proven in one bundle", "一つの証明束では証明できません"),
    ("The request took too long", "要求に時間がかかりすぎました"),
    ("The presentation is not accepted", "提示は受理されません"),
    ("The checkpoint is not cosigned", "チェックポイントには連署しません"),
    ("The past cannot be told in one answer", "過去の状態を一つの回答では示せません"),
    ("The log key is not changed", "ログの鍵は変更されません"),
    ("It is not offered here", "当レジストリでは提供していません"),
    ("Buyers are not served on NATS", "発注者に NATS は提供されていません"),
    ("It changed meanwhile", "その間に変更されました"),
    ("The version must be named", "版の指定が必要です"),
    ("There is no room for more of it", "これ以上保管できません"),
    ("The document is refused", "文書は受理されません"),
    ("There is no such answer", "その形式の回答はありません"),
];

/// Code and Japanese. `{detail}` takes what the English detail says, where it has particulars of a protocol that no table holds.
const DETAILS: &[(&str, &str)] = &[
    ("not-found", "閲覧できるものはありません"),
    ("method-not-allowed", "このパスではそのメソッドは使用できません。/openapi.json を参照してください"),
    ("uri-too-long", "パスは 4 KiB、クエリは 8 KiB を超えると読み取りません"),
    ("bad-encoding", "パーセントエンコーディングは % と 16 進数字二つで表し、全体が UTF-8 になる必要があります"),
    ("unknown-parameter", "このパスではそのパラメーターは使用できません({detail})"),
    ("repeated-parameter", "パラメーターが重複しています。一度だけ指定してください({detail})"),
    ("too-many-parameters", "一度の要求で指定できるパラメーターは 64 個までです。要求を分けてください"),
    ("bad-parameter", "パラメーターまたはパスの値が適切ではありません({detail})"),
    ("time-not-come", "as_of の時点はまだ来ていません。現在について尋ねる場合は省略してください({detail})"),
    ("size-not-reached", "as_of_size は、ログが持ったことのあるエントリー数を指定してください({detail})"),
    ("as-of-twice", "as_of と as_of_size はどちらも時点を示します。一方だけを指定してください"),
    (
        "too-much-past",
        "当時の他のレジストリのすべての判定について回答するには、一度に読み取れる量を超える結果リストが必要です。判定を一件ずつ尋ねてください",
    ),
    (
        "certificate-required",
        "書込みには、当レジストリが発行したクライアント証明書が必要です。`registry-node certs sign --help` を参照してください",
    ),
    (
        "other-issuer",
        "この接続の当事者は、ステートメントの署名者ではありません。ご自身のステートメントを送信してください({detail})",
    ),
    ("role-not-entitled", "この操作は、認証機関または自己宣言を行う当事者に限られます"),
    (
        "log-key-not-held",
        "当レジストリの keys/log-next.pem に新しいログの鍵がありません。`registry-node log rotate-key` で変更してください",
    ),
    ("bad-handover", "ログの鍵の引継ぎには、新旧両方の鍵の署名が必要です({detail})"),
    ("unsupported-media-type", "この種類の本文は受け付けません({detail})"),
    ("too-large", "一度に受け付ける大きさを超えています。分割してください({detail})"),
    ("through-a-connector", "コネクターを通した取引先(Edc-Bpn)に回答するのは /v1/catena-x/ の下だけです"),
    ("not-represented", "その当事者の代理としては照会できません({detail})"),
    ("other-sender", "source が、コネクターの通した取引先と異なります。ご自身のイベントを送ってください"),
    ("search-not-offered", "その検索には対応していません({detail})"),
    (
        "webhooks-off",
        "当レジストリは Webhook を送信していません。/v1/events または /v1/events/pull を読み取るか、運営者に設定を依頼してください",
    ),
    ("changed-meanwhile", "お手元の版から変更されています。読み直してから変更してください"),
    (
        "condition-required",
        "どの版についての判断か、その ETag を If-Match で示してください。その後に届いたものは判断の対象になりません",
    ),
    ("no-buyers-on-nats", "この登録機関は発注者に NATS を提供していません。/v1/events をお使いください"),
    ("kept-full", "一者が保管できる上限に達しています。不要なものを削除してください({detail})"),
    ("too-slow", "時間内に本文が届きませんでした。速く送るか、小さく分けて送信してください({detail})"),
    ("bad-body", "本文がその種類の形式になっていません({detail})"),
    ("bad-question", "照会の形式が正しくないか、制限を超えているか、まだ来ていない時点についてのものです({detail})"),
    ("bad-document", "文書を読めず、何も取り込みませんでした({detail})"),
    ("no-such-answer", "求められた形式では回答できません。JSON で回答を求めてください({detail})"),
    ("bad-acceptance", "引継ぎの表明には、承継先の運営者の鍵による署名が必要です({detail})"),
    ("bad-attachment", "添付が base64 でないか、数または大きさの制限を超えています({detail})"),
    ("malformed-credential", "証明書データが完全でないか、内容が矛盾しています({detail})"),
    (
        "unknown-nonce",
        "そのノンスは無効です。使用済み、発行から 5 分経過、または他者宛てのものです。/v1/presentations/nonces で取得してください",
    ),
    ("other-audience", "提示の宛先が当レジストリではありません"),
    ("not-bound", "提示が、その保有者、今回の機会、または開示内容に結び付けられていません({detail})"),
    ("unknown-credential", "このログにはその証明書データがありません。発行元で提示してください"),
    ("credential-not-valid", "その証明書データは現在有効ではありません({detail})"),
    ("slot-not-handed-out", "そのステータス枠は割り当てられていません。/v1/status-slots で取得してください({detail})"),
    ("not-a-jws", "コンパクト形式の JWS ではありません({detail})"),
    ("bad-jws-header", "JWS のヘッダーが定められたものではありません({detail})"),
    ("x5c-misplaced", "証明書を伴えるのは証明書データだけです"),
    ("x5c-empty", "x5c には 1 から 4 個の証明書を入れるか、x5c を省いてください"),
    ("x5c-too-many", "x5c の証明書は 4 個までです"),
    ("x5c-too-large", "x5c の証明書が 8,192 バイトを超えています"),
    ("x5c-not-base64", "x5c の証明書がパディング付きの標準 base64 ではないか、空です"),
    ("bad-signature", "署名が、ヘッダーの示す鍵によるものではありません"),
    ("bad-key", "登録された鍵が厳格な検証規則を満たしません({detail})"),
    ("busy", "処理待ちが多いため、現在は受け付けられません。しばらくしてから再度送信してください"),
    ("not-durable", "現在は何も保存できません。何も保存されていません。閲覧は続けられます。後で再度送信してください"),
    (
        "not-erased",
        "消去は記録されましたが、データはまだ残っています。再度送信するか、ノードの次の起動時に消去されます",
    ),
    (
        "stopped",
        "運営者がノードを再起動するまで、何も受理されません。閲覧は続けられます。ノードのログを参照してください",
    ),
    ("registry-moved", "このレジストリは現在、別のノードで運用されています。所在を運営者に確認してください"),
    ("too-many-streams", "イベントの配信数が上限に達しています。後で再度お試しください"),
    ("not-published", "公開済みのチェックポイントがまだ対象としていません。1 秒後に再度お試しください"),
    ("not-provable", "一つの証明束に収まりません({detail})"),
    ("cut-off", "証明書の期限切れもしくは失効、またはノードの停止により、この接続では以後何も受け付けません"),
    ("unknown-log", "その起源のログには、ここでは連署しません"),
    ("untrusted-checkpoint", "チェックポイントが、信頼できるログの鍵で署名されていません({detail})"),
    ("commit-checkpoint", "ログがコミットのために署名したチェックポイントであり、公開されたものではありません"),
    ("old-size-beyond", "旧サイズがチェックポイントのサイズを超えています({detail})"),
    ("empty-root", "サイズ 0 のチェックポイントのルートは、空の木のルートでなければなりません"),
    ("inconsistent", "前回連署したチェックポイントから続いていることが証明されていません"),
    ("other-root", "そのサイズには、別のルートで連署済みか、別のルートの署名を確認済みです({detail})"),
    ("internal", "ノードで処理に失敗しました。詳細はノードのログにあります"),
    // The form of a statement.
    ("statement-too-large", "ステートメントが大きすぎます。大きな資料は添付にしてください({detail})"),
    ("statement-too-deep", "ステートメントの入れ子が 16 段を超えています"),
    ("duplicate-member", "一つのオブジェクトに同じメンバーが二度あります({detail})"),
    ("not-a-plain-statement", "この種類は証明書データ(SD-JWT)そのものとして提出します({detail})"),
    ("null-member", "ステートメントでは null を使用しません。メンバーを省いてください"),
    ("not-json", "ステートメントが JSON ではありません({detail})"),
    (
        "not-a-statement",
        "ステートメントのメンバーが iss、aud、jti、iat、kind、claim の仕様どおりではありません({detail})",
    ),
    ("malformed-claim", "内容(claim)がその種類(kind)の仕様どおりではありません({detail})"),
];

/// The Japanese of a title; nothing for one that no problem has.
pub(super) fn title(english: &str) -> Option<&'static str> {
    TITLES.into_iter().find(|(known, _)| *known == english).map(|(_, ja)| ja)
}

/// What the door tells by this code, with the particulars of `english`; nothing for a code that it does not tell.
pub(super) fn detail(code: &str, english: &str) -> Option<String> {
    let (_, ja) = DETAILS.iter().find(|(known, _)| *known == code)?;
    Some(ja.replace("{detail}", english))
}

/// The codes that are worded here.
#[cfg(test)]
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    DETAILS.iter().map(|(code, _)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particulars_are_quoted_and_no_code_has_two_rows() {
        let told = detail("bad-parameter", "limit: it must lie between 1 and 1000");
        let words = "パラメーターまたはパスの値が適切ではありません(limit: it must lie between 1 and 1000)";
        assert_eq!(told.as_deref(), Some(words));
        assert_eq!((detail("moon", ""), title("Moon")), (None, None));
        assert!(title("The log key is not changed").is_some());
        let distinct: std::collections::BTreeSet<_> = codes().collect();
        assert_eq!(distinct.len(), DETAILS.len());
    }
}
