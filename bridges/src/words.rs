//! What is said of an input, in English or Japanese: a match over every fault and notice, so that none is without words. Names of members,
//! segments and values stay as they are, in brackets where they stand in the way of a sentence.
//!
//! In scope: refusals, notices, and what cannot be answered. Out of scope: the explanations of answers, which are the caller's words.

use std::fmt::Display;

use conformity::words::Language;

use crate::{Fault, Notice, Noticed, Place, Refusal, Unanswerable, Unread, cloud_event, edifact, xml};

/// What is said in `language`: the English is how a thing is displayed, which logs show, too.
fn worded<T: Display>(said: &T, language: Language, japanese: impl Fn(&T) -> String) -> String {
    match language {
        Language::English => said.to_string(),
        Language::Japanese => japanese(said),
    }
}

impl Refusal {
    /// Where and why, for people.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        worded(self, language, |refusal| format!("{}: {}", refusal.place.japanese(), refusal.fault.japanese()))
    }
}

impl Notice {
    /// Where and what, for people.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        worded(self, language, |notice| format!("{}: {}", notice.place.japanese(), notice.what.japanese()))
    }
}

impl Unread {
    /// Why an identifier is kept as it stands, for people.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        worded(self, language, Self::japanese)
    }

    fn japanese(&self) -> String {
        match self {
            Self::NoList => "コードリストが示されておらず、誰の番号か分かりません".to_owned(),
            Self::OtherList => "レジストリが知らないコードリストの番号です".to_owned(),
            Self::Address => "ネットワーク上の宛先であり、サービス事業者のものかもしれません".to_owned(),
            Self::Broken(error) => format!("コードリストの規則に合いません({error})"),
        }
    }
}

impl Place {
    /// Where, for people.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        worded(self, language, Self::japanese)
    }

    fn japanese(&self) -> String {
        match self {
            Self::Byte(offset) => format!("{offset} バイト目"),
            Self::Segment { number, tag, offset, element, component } => {
                let inside = match (element, component) {
                    (0, _) => String::new(),
                    (element, 0) => format!("、要素 {element}"),
                    (element, component) => format!("、要素 {element} の構成要素 {component}"),
                };
                format!("セグメント {number}({tag}、{offset} バイト目){inside}")
            }
            Self::Element { path, offset } => format!("{path}({offset} バイト目)"),
            Self::Pointer(pointer) if pointer.is_empty() => "全体".to_owned(),
            Self::Pointer(pointer) => pointer.clone(),
            Self::Cell { line, column: 0 } => format!("{line} 行目"),
            Self::Cell { line, column } => format!("{line} 行目の {column} 列目"),
        }
    }
}

impl Fault {
    fn japanese(&self) -> String {
        match self {
            Self::Empty => "何もありません。文書を一つ、全部送ってください".to_owned(),
            Self::TooLarge { bytes, most } => {
                format!("{most} バイトまでですが、{bytes} バイトあります。分けて送ってください")
            }
            Self::TooMany { what, most } => format!("件数が上限の {most} を超えています({what})。分けて送ってください"),
            Self::TooLong { what, found, most } => format!("{most} 文字までですが、{found} 文字あります({what})"),
            Self::Missing { what } => format!("必要なものがありません({what})"),
            Self::Unlike { found, wanted } => format!("{found:?} は正しい値ではありません({wanted})"),
            Self::NotText { encoding } => {
                format!("{encoding} の文字として読めません。変換するか、実際の文字コードを宣言してください")
            }
            Self::Edifact(fault) => edifact(fault),
            Self::Xml(fault) => xml(fault),
            Self::Json(breach) => format!("JSON として受け付けられません({breach})"),
            Self::CloudEvent(fault) => cloud_event(fault),
            Self::Cii => "CII シンタックスルール(JIS X 7012)の電文と思われます。この形式は読みません。\
                          トランスレータで標準企業コードの列がある CSV に変換し、一覧として送ってください"
                .to_owned(),
            Self::TwoColumns { first, second } => format!(
                "{} 列目({})と {} 列目({})のどちらの企業コードか分かりません。使わない列を除いてください",
                first.0, first.1, second.0, second.1
            ),
            Self::Csv { message } => format!("CSV ではありません({message})"),
        }
    }
}

fn edifact(fault: &edifact::Fault) -> String {
    use edifact::Fault::*;
    match fault {
        NoInterchange => "交換は UNA か UNB で始まらなければなりません".to_owned(),
        ServiceCharacters => {
            "UNA に続く区切り文字は互いに異なり、英数字・空白・改行以外でなければなりません".to_owned()
        }
        Unterminated { terminator } => format!("終端文字 {terminator:?} がありません。途中で切れていませんか"),
        SegmentTooLarge { most, most_components } => {
            format!("セグメントは {most} バイト、構成要素 {most_components} 個までです")
        }
        Tag => "セグメントは英大文字か数字 3 文字のタグで始まらなければなりません".to_owned(),
        Ends { wanted } => format!("{wanted} がないまま終わっています。途中で切れていませんか"),
        Unexpected { found, wanted } => format!("ここに {found} は置けません({wanted})"),
        Count { what, declared, counted } => {
            format!("{declared:?} と宣言されていますが、{counted} あります({what})。欠けているものはありませんか")
        }
        Reference { found, wanted } => format!("参照番号 {found:?} が、始まりの {wanted:?} と異なります"),
        DuplicateReference { reference } => format!("メッセージの参照番号 {reference:?} が二度使われています"),
        CharacterSet { identifier } => format!("文字集合 {identifier} は読めません。UNOC か UNOY で送ってください"),
        Version => "構文の版は 1、2、3、4 のいずれかです".to_owned(),
        Repeated => "要素が繰り返されています。ここでは値は一つです".to_owned(),
        Behind => "UNZ の後に何かあります。交換は一度に一つ送ってください".to_owned(),
    }
}

fn xml(fault: &xml::Fault) -> String {
    use xml::Fault::*;
    match fault {
        NotXml { message } => format!("XML ではありません({message})"),
        DocumentType => "文書型宣言があります。取引の文書には使えません".to_owned(),
        Entity { name } => format!("実体 {name:?} は定義済みのものではありません。文字そのものを書いてください"),
        Prefix { prefix } => format!("接頭辞 {prefix:?} に名前空間がありません"),
        TooDeep => "入れ子が深すぎます".to_owned(),
        Encoding { encoding } => format!("文字コード {encoding:?} は読めません。UTF-8 で送ってください"),
        NoElement => "要素がありません".to_owned(),
        Beside => "文書全体を囲む一つの要素の外に何かあります".to_owned(),
    }
}

fn cloud_event(fault: &cloud_event::Fault) -> String {
    use cloud_event::Fault::*;
    match fault {
        Version { found } => format!("specversion {found:?} は読めません。\"1.0\" を送ってください"),
        Name => "属性の名前に使えるのは英小文字と数字だけです".to_owned(),
        Extension => "拡張属性の値は、文字列、32 ビットの整数、真偽値のいずれかです".to_owned(),
        TwoData => "data と data_base64 は同時に使えません".to_owned(),
    }
}

impl Noticed {
    fn japanese(&self) -> String {
        match self {
            Self::UnknownForm { form } => format!("{form:?} は知らない種類の文書で、取引の段階が分かりません"),
            Self::ForeignSyntax { identifier } => {
                format!("構文識別子 {identifier:?} は ISO 9735 のものではありません。ASCII として読みます")
            }
            Self::OutsideCharacterSet { declared } => {
                format!("ここから先に {declared} にない文字がありますが、そのテキストは読みません")
            }
            Self::Test => "送信者によれば、これは試験です".to_owned(),
            Self::Wrapped => "ここから先、セグメントの中に改行があり、読み飛ばします".to_owned(),
            Self::Unidentified => "識別子のない当事者です。名称だけでは誰か確定できません".to_owned(),
            Self::SeveralIdentifiers => {
                "一つの当事者に複数の識別子があります。すべて同じ会社のものかどうかは、書いた側の言葉だけによります"
                    .to_owned()
            }
            Self::OtherName { found, meant } => format!("{found:?} を {meant:?} として読みます"),
            Self::Unlike { found, wanted } => {
                format!("{found:?} は正しい形ではありませんが、そのまま残します({wanted})")
            }
            Self::Missing { name } => format!("標準が求める {name:?} がありません"),
        }
    }
}

impl Unanswerable {
    /// Why nothing is written, for people.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        worded(self, language, Self::japanese)
    }

    fn japanese(&self) -> String {
        match self {
            Self::NoFinding => "結果が一つもない回答は、何も伝えません".to_owned(),
            Self::TooMany { found, most } => format!("{most} 件までですが、{found} 件あります"),
            Self::Length { what, found, most } => {
                format!("1 文字から {most} 文字までですが、{found} 文字あります({what})")
            }
            Self::Reference => "回答の参照番号に使えるのは英数字とハイフンだけです".to_owned(),
            Self::Characters { what, found, set } => {
                format!("{found:?} は {set} にない文字です({what})。相手の文字集合にある文字で書いてください")
            }
            Self::NoAddress { what } => format!("文書に宛先がなく、回答できません({what})"),
            Self::NotAnswered { form } => format!("{form:?} には回答しません。回答への回答は際限がありません"),
            Self::OtherNetwork => "別のネットワークの文書です".to_owned(),
            Self::Form { what, wanted } => format!("形式が求める値ではありません({what}: {wanted})"),
        }
    }
}
