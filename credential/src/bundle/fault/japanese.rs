//! Why a bundle is not believed, in Japanese: a match over every fault, so that none is without words. What a format or a signature lacks
//! stays in English, in brackets, as particulars of a protocol do everywhere.

use conformity::words::Language;

use super::super::{FORMAT, MAX_BUNDLE};
use super::{Broken, Distrust, Fault, Misbehaved};

impl Fault {
    /// What is wrong, for people.
    pub fn words(&self, language: Language) -> String {
        match (language, self) {
            (Language::English, fault) => fault.to_string(),
            (Language::Japanese, Self::Bundle(broken)) => broken.japanese(),
            (Language::Japanese, Self::Registry(misbehaved)) => misbehaved.japanese(),
            (Language::Japanese, Self::Trust(distrust)) => distrust.japanese(),
        }
    }
}

impl Broken {
    fn japanese(&self) -> String {
        match self {
            Self::TooLong { bytes } => format!("バンドルは {MAX_BUNDLE} バイトまでですが、{bytes} バイトあります"),
            Self::NotABundle(because) => format!("バンドルではありません({because})"),
            Self::OtherFormat { found } => {
                format!("形式が {found:?} です。このプログラムが読めるのは {FORMAT:?} です")
            }
            Self::TooMany { what, max } => format!("件数が上限の {max} を超えています({what})"),
            Self::Checkpoint(error) => format!("チェックポイントを信頼できません({error})"),
            Self::Cosignature(error) => format!("連署を信頼できません({error})"),
            Self::Last(error) => format!("チェックポイントの最後の記録は封印でなければなりません({error})"),
            Self::Order => {
                "ステートメントは位置 0 の起源の記録で始まり、位置の順に並んでいなければなりません".to_owned()
            }
            Self::Keys => "ログのチェックポイントの鍵が順に引き継がれていません".to_owned(),
            Self::Jws { index, error } => format!("ステートメント {index} を読み取れません({error})"),
            Self::Statement { index, error } => format!("ステートメント {index} を読み取れません({error})"),
            Self::Proof(error) => format!("ステートメントがこのログのものではありません({error})"),
            Self::Map(error) => format!("状態マップを信頼できません({error})"),
            Self::Incomplete { about, shown, told } => format!(
                "{about} の記録が {shown} 件示されていますが、ログにあるのは {told} 件か別の記録であり、欠けているものがあります"
            ),
            Self::KeptBack { index } => format!("記録 {index} の内容が示されておらず、それに代わるものもありません"),
            Self::OtherStatement { index } => {
                format!("記録 {index} として示されたステートメントは、ログのその位置にあるものと異なります")
            }
            Self::Identifiers(because) => format!("識別子を信頼できません({because})"),
            Self::Stray { index } => format!("記録 {index} は、どの識別子に関するものでもありません"),
            Self::NoVerdict(verdict) => format!("{verdict} に関する内容がありません"),
            Self::NoCredential => "開示された部分がありますが、それが属するクレデンシャルがありません".to_owned(),
            Self::Malformed(error) => format!("開示された部分を信頼できません({error})"),
            Self::Disclosures(error) => format!("開示された部分を信頼できません({error})"),
            Self::Detail(error) => format!("開示された部分を信頼できません({error})"),
        }
    }
}

impl Misbehaved {
    fn japanese(&self) -> String {
        match self {
            Self::TimeBackwards { index } => format!("記録 {index} の時刻が、直前の記録より前です"),
            Self::ImpossibleTime { index, time_ms } => {
                format!("記録 {index} の時刻 {time_ms} ミリ秒は、あり得ない時刻です")
            }
            Self::OtherLogKey { found } => {
                format!("起源の記録のログ鍵は {found} で、ポリシーのものではありません")
            }
            Self::Refused { index, refusal } => {
                format!("ステートメント {index} はログにあってはなりません: {}", refusal.words(Language::Japanese))
            }
            Self::Key { index, error } => {
                format!("ステートメント {index} の鍵はログにあってはなりません({error})")
            }
            Self::Signature { index, error } => {
                format!("ステートメント {index} は、その発行者により署名されていません({error})")
            }
            Self::Map { about, shown, told } => format!(
                "ログには {about} の記録が {shown} 件ありますが、封印の状態マップが数えているのは {told} 件か別の記録です"
            ),
            Self::OtherReach { index } => format!(
                "記録 {index} のクレデンシャルが非開示とするレベル、事業所または除外事項が、判定のものと異なります"
            ),
        }
    }
}

impl Distrust {
    fn japanese(&self) -> String {
        match self {
            Self::UnknownLog(origin) => format!("ポリシーにログ {origin} の記載がありません"),
            Self::RetiredLogKey { key, size } => {
                format!("ポリシーは、記録 {size} 件のチェックポイントについて {key} を認めていません")
            }
            Self::Quorum { found, quorum } => {
                format!("チェックポイントに連署したポリシーの立会人は {found} 人です。{quorum} 人が必要です")
            }
            Self::RolledBack { size, seen } => format!(
                "チェックポイントの記録は {size} 件ですが、以前に {seen} 件を確認しています。ログの古い状態です"
            ),
            Self::Forked { size } => format!(
                "記録 {size} 件の別のログを確認しています。ログが分岐しています。両方のチェックポイントは証拠となるため、保存してください"
            ),
            Self::OtherGenesis { found, pinned } => {
                format!("起源の記録のダイジェストは {found} ですが、ポリシーの指定は {pinned} です")
            }
            Self::Stale { sealed, max_age_seconds } => format!(
                "チェックポイントの封印は {sealed} で、{max_age_seconds} 秒以上前です。新しいバンドルを取得してください"
            ),
            Self::Ahead { sealed } => {
                format!("チェックポイントの封印は {sealed} で、まだ到来していません。時計を確認してください")
            }
            Self::NotCovered { at, sealed } => format!(
                "ログが判明しているのは {sealed} までで、{at} までではありません。新しいバンドルを取得してください"
            ),
            Self::NoTrustedCaRoot => {
                "ポリシーは、証明書 (x5c) が ca_roots のいずれかに至るクレデンシャルを求めていますが、ありません"
                    .to_owned()
            }
            Self::Closed(closed) => {
                format!("ポリシーは、終了したレジストリを認めていません。{}", closed.words(Language::Japanese))
            }
            Self::NotThen { verdict, at } => {
                format!("このバンドルが示す限り、{at} 時点で {verdict} はログにありませんでした")
            }
            Self::NotRegistered => {
                "登録が示されていません。ほかの識別子がある可能性があり、それらについては何も述べていません。\
                                    登録を示すバンドルを求めてください"
                    .to_owned()
            }
        }
    }
}
