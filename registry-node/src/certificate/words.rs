//! The words of a certificate, in the languages that it speaks.

use conformity::recognised::RecognitionOutcome;
use conformity::verdict::StateName;
use conformity::viewpoint::Viewpoint;
use credential::bundle::Closed;

/// A language of certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// Its tag (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::En => &ENGLISH,
            Self::Ja => &JAPANESE,
        }
    }
}

/// Every word on the page.
pub(super) struct Words {
    language: Language,
    pub(super) title: &'static str,
    pub(super) fictional: &'static str,
    pub(super) transcribed: &'static str,
    pub(super) declaration: &'static str,
    pub(super) self_declared: &'static str,
    pub(super) confirmed: &'static str,
    pub(super) declarer: &'static str,
    pub(super) sponsor: &'static str,
    pub(super) kept_back: &'static str,
    pub(super) verdict: &'static str,
    pub(super) supplier: &'static str,
    pub(super) person: &'static str,
    pub(super) identifier: &'static str,
    pub(super) object: &'static str,
    pub(super) scheme: &'static str,
    pub(super) viewpoints: &'static str,
    pub(super) level: &'static str,
    pub(super) scope: &'static str,
    pub(super) sites: &'static str,
    pub(super) exclusions: &'static str,
    pub(super) valid_from: &'static str,
    pub(super) valid_until: &'static str,
    pub(super) until_changed: &'static str,
    pub(super) window: &'static str,
    pub(super) body: &'static str,
    pub(super) successor: &'static str,
    pub(super) accreditation: &'static str,
    pub(super) not_shown: &'static str,
    pub(super) none: &'static str,
    pub(super) in_force: &'static str,
    pub(super) not_in_force: &'static str,
    pub(super) as_of: &'static str,
    pub(super) state_there: &'static str,
    pub(super) arrangement: &'static str,
    pub(super) version: &'static str,
    pub(super) counts_as: &'static str,
    pub(super) explanation: &'static str,
    pub(super) check: &'static str,
    pub(super) proves_nothing: &'static str,
    pub(super) log: &'static str,
    pub(super) checkpoint: &'static str,
    pub(super) root: &'static str,
    pub(super) witnesses: &'static str,
    pub(super) comma: &'static str,
}

impl Words {
    /// That the registry has ended, and who goes on.
    pub(super) fn closed(&self, closed: &Closed) -> String {
        let Closed { successor, http_url, since, .. } = closed;
        match self.language {
            Language::En => {
                format!("This registry closed at {}. Its successor is {successor}, at {http_url}.", since.at)
            }
            Language::Ja => {
                format!("このレジストリは {} に終了しました。{successor}({http_url})が引き継いでいます。", since.at)
            }
        }
    }

    pub(super) fn state(&self, state: StateName) -> &'static str {
        let (english, japanese) = match state {
            StateName::Granted => ("Granted", "認証"),
            StateName::Conditional => ("Conditional", "条件付き認証"),
            StateName::Suspended => ("Suspended", "一時停止"),
            StateName::Surrendered => ("Surrendered", "返上"),
            StateName::Withdrawn => ("Withdrawn", "取消し"),
            StateName::Expired => ("Expired", "有効期限切れ"),
            StateName::Superseded => ("Superseded", "差替え済み"),
            StateName::Annulled => ("Annulled", "無効"),
            StateName::Historical => ("Historical", "過去の記録"),
            StateName::Unconfirmed => ("Awaiting an expert", "専門家の確認待ち"),
            StateName::Void => ("Void: signed with a stolen key", "無効（盗まれた鍵による署名）"),
        };
        self.pick(english, japanese)
    }

    pub(super) fn viewpoint(&self, viewpoint: Viewpoint) -> &'static str {
        let (english, japanese) = match viewpoint {
            Viewpoint::Organization => ("organization", "組織"),
            Viewpoint::Process => ("process", "プロセス"),
            Viewpoint::PeopleAndThings => ("people and things", "ヒト・モノ等"),
        };
        self.pick(english, japanese)
    }

    pub(super) fn outcome(&self, outcome: RecognitionOutcome) -> &'static str {
        let (english, japanese) = match outcome {
            RecognitionOutcome::Recognised => ("Recognised", "承認"),
            RecognitionOutcome::Partial => ("Recognised in part", "一部承認"),
            RecognitionOutcome::AcceptedAsEvidence => ("Accepted as evidence", "証拠として受入れ"),
            RecognitionOutcome::Refused => ("Not recognised", "不承認"),
        };
        self.pick(english, japanese)
    }

    fn pick(&self, english: &'static str, japanese: &'static str) -> &'static str {
        match self.language {
            Language::En => english,
            Language::Ja => japanese,
        }
    }
}

const ENGLISH: Words = Words {
    language: Language::En,
    title: "Certificate of conformity",
    fictional: "The scheme was invented for a demonstration. This is not a real certificate.",
    declaration: "Supplier's own declaration of conformity",
    self_declared: "The supplier declared this itself, or a sponsor for it. No body decided it, and nobody else confirmed it.",
    confirmed: "The supplier declared this itself, or a sponsor for it, and an expert confirmed it. No body decided it.",
    declarer: "Declared by",
    sponsor: "Declared by the sponsor",
    transcribed: "Transcribed from a list that its operator publishes; it was not decided in this registry.",
    kept_back: "This page shows details that the registry does not show to everybody.",
    verdict: "Verdict",
    supplier: "Supplier",
    person: "natural person, by a handle",
    identifier: "Identifier",
    object: "Object of assessment",
    scheme: "Scheme",
    viewpoints: "Viewpoints",
    level: "Level",
    scope: "Scope",
    sites: "Sites",
    exclusions: "Not covered",
    valid_from: "Valid from",
    valid_until: "Valid until",
    until_changed: "until changed",
    window: "Counts no longer than (what it rests on lapsed)",
    body: "Certification body",
    successor: "Its successor, which answers for it",
    accreditation: "Accreditation",
    not_shown: "not shown here; there may be something",
    none: "none",
    in_force: "in force",
    not_in_force: "not in force",
    as_of: "as of",
    state_there: "State at its registry",
    arrangement: "Arrangement",
    version: "version",
    counts_as: "Counts here as",
    explanation: "Explanation",
    check: "Check it",
    proves_nothing: "This page proves nothing by itself, and things may have changed since. Ask the registry at this address, or check the bundle \
                     from which the page was made with the command below.",
    log: "Log",
    checkpoint: "Checkpoint",
    root: "Root",
    witnesses: "Witnesses",
    comma: ", ",
};

const JAPANESE: Words = Words {
    language: Language::Ja,
    title: "適合証明書",
    fictional: "この制度は実演用の架空のものであり、本書は実際の証明書ではありません。",
    declaration: "自己適合宣言書",
    self_declared: "事業者自身（又は支援者）による宣言であり、機関による判定ではなく、第三者の確認も受けていません。",
    confirmed: "事業者自身（又は支援者）による宣言であり、専門家が確認しました。機関による判定ではありません。",
    declarer: "宣言者",
    sponsor: "宣言した支援者",
    transcribed: "運営者が公表する一覧からの転記であり、このレジストリで判定されたものではありません。",
    kept_back: "本書には、レジストリが一般には公開していない詳細が含まれています。",
    verdict: "判定番号",
    supplier: "事業者",
    person: "個人（符号による表示）",
    identifier: "識別子",
    object: "評価対象",
    scheme: "制度",
    viewpoints: "観点",
    level: "レベル",
    scope: "適用範囲",
    sites: "拠点",
    exclusions: "適用除外",
    valid_from: "有効期間の開始日",
    valid_until: "有効期間の満了日",
    until_changed: "変更されるまで",
    window: "効力の期限（根拠となる認定等の失効による）",
    body: "認証機関",
    successor: "承継し責任を負う機関",
    accreditation: "認定",
    not_shown: "ここには示されていません（存在する場合があります）",
    none: "なし",
    in_force: "有効",
    not_in_force: "効力なし",
    as_of: "基準日時",
    state_there: "発行元での状態",
    arrangement: "相互承認取決め",
    version: "版",
    counts_as: "当レジストリでの扱い",
    explanation: "説明",
    check: "確認方法",
    proves_nothing: "本書だけでは何も証明されず、その後変更されている可能性があります。次のアドレスでレジストリに照会するか、本書の元となったバンドルを下記のコマンドで検証してください。",
    log: "ログ",
    checkpoint: "チェックポイント",
    root: "ルートハッシュ",
    witnesses: "立会人",
    comma: "、",
};
