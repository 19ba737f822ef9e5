//! Refusals and notices are told in both languages.

use bridges::{Network, Unanswerable, bridge};
use conformity::words::Language;
use procurement::Advice;

use crate::common::answer;

/// Network, input, and what of it is told in Japanese, with the place.
const REFUSED: [(Network, &str, &str); 6] = [
    (Network::Edifact, "", "0 バイト目: 何もありません。文書を一つ、全部送ってください"),
    (
        Network::Edifact,
        "UNB+UNOC:3+a+b+261127:2300+R'UNH+1+ORDERS:D:96A:UN'NAD+SUPP'",
        "セグメント 3(NAD、51 バイト目)、要素 1 の構成要素 1: 3 文字までですが、4 文字あります(the party qualifier)",
    ),
    (Network::Ubl, "<!DOCTYPE a><a/>", "12 バイト目: 文書型宣言があります。取引の文書には使えません"),
    (
        Network::Ubl,
        "<Order/>",
        "/Order(8 バイト目): \"{}Order\" は正しい値ではありません(the root element of a document of UBL 2)",
    ),
    (
        Network::CatenaX,
        r#"{"specversion": "0.9"}"#,
        "/specversion: specversion \"0.9\" は読めません。\"1.0\" を送ってください",
    ),
    (Network::List, "a,identifier\n1,\n", "2 行目の 2 列目: 必要なものがありません(an identifier)"),
];

#[test]
fn refusals_are_told_in_both_languages() {
    for (network, input, japanese) in REFUSED {
        let refusal = bridge(network).read(input.as_bytes()).unwrap_err();
        assert_eq!(refusal.words(Language::Japanese), japanese);
        assert_eq!(refusal.words(Language::English), refusal.to_string());
    }
}

#[test]
fn notices_and_what_cannot_be_answered_are_told_in_both_languages() {
    let input = "UNB+IATA:1+a+b+261127:2300+R'UNH+1+PNRGOV:11:1:IA'UNT+2+1'UNZ+1+R'";
    let reading = bridge(Network::Edifact).read(input.as_bytes()).unwrap();
    let notices = [&reading.notices[0], &reading.documents[0].notices[0]];
    let found = notices.map(|notice| notice.words(Language::Japanese));
    let expected = [
        "セグメント 1(UNB、0 バイト目)、要素 1 の構成要素 1: 構文識別子 \"IATA\" は ISO 9735 のものではありません。ASCII として読みます",
        "セグメント 2(UNH、29 バイト目)、要素 2 の構成要素 1: \"PNRGOV:11:1:IA\" は知らない種類の文書で、取引の段階が分かりません",
    ];
    assert_eq!(found, expected);
    assert_eq!(notices[0].words(Language::English), notices[0].to_string());
    let document = &reading.documents[0];
    let refused = bridge(Network::Ubl).answer(document, &answer(document, Advice::Go)).unwrap_err();
    assert_eq!(refused, Unanswerable::OtherNetwork);
    assert_eq!(refused.words(Language::Japanese), "別のネットワークの文書です");
    assert_eq!(refused.words(Language::English), "the document came from another network");
}
