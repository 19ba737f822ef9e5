//! Trusted lists: the Estonian one as published, what its history becomes, and lists that are none.

use std::collections::BTreeMap;

use conformity::statement::Claim;
use conformity::verdict::{Happening, StateName, VerdictRecord};

use super::world::{World, check_account, fetched, published, reasons, words};
use crate::import::limits::STATUSES_MAX;
use crate::import::{ImportError, Plan, ROWS_MAX, preset, register};

const ESTONIA: &str = "conformity-records/eu-trusted-list/tsl-ee.xml";
const GRANTED: &str = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted";
const WITHDRAWN: &str = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/withdrawn";

fn plan(list: &str) -> Result<Plan, ImportError> {
    register(list.as_bytes(), &preset("eu-trusted-list").unwrap(), &fetched("2026-11-22"), &World::new().register)
}

/// What happened to a verdict, with the days since when.
fn lived(record: &VerdictRecord) -> Vec<(String, String)> {
    let day = |item: &conformity::verdict::HistoryItem| item.effective.to_string().chars().take(10).collect();
    record.history.iter().map(|item| (item.what.as_str().to_owned(), day(item))).collect()
}

/// 62 services of two providers, each with its 142 statuses: 62 first ones and 80 that followed.
#[test]
fn the_estonian_list_comes_in_with_the_history_of_every_service() {
    let Some(file) = published(ESTONIA) else { return };
    let mut world = World::new();
    let plan = world.import(&file, &preset("eu-trusted-list").unwrap(), &fetched("2025-11-22"));
    let counts = plan.accounts.counts();
    assert_eq!((counts.rows, counts.verdicts, counts.new, counts.refused), (62, 62, 62, 0));
    let mut told = BTreeMap::new();
    for word in words(&plan) {
        *told.entry(word.split(' ').next().unwrap().to_owned()).or_insert(0) += 1;
    }
    let expected = [
        ("document-published", 1),
        ("granted", 62),
        ("restored", 1),
        ("scheme-published", 1),
        ("scope-extended", 34),
        ("suspended", 1),
        ("withdrawn", 44),
    ];
    let expected: BTreeMap<String, i32> = expected.map(|(word, count)| (word.to_owned(), count)).into();
    assert_eq!(told, expected, "80 statuses follow the first ones");
    let ids = plan.claims.iter().filter_map(|planned| match &planned.claim {
        Claim::VerdictGranted(terms) => Some(terms.verdict.to_string()),
        _ => None,
    });
    let records: Vec<_> = ids.map(|id| world.verdict(&id)).collect();
    let states = |wanted: StateName| records.iter().filter(|record| record.now.state.name() == wanted).count();
    assert_eq!((states(StateName::Granted), states(StateName::Withdrawn)), (18, 44));
    let suppliers: std::collections::BTreeSet<_> = records
        .iter()
        .map(|record| (record.terms.supplier.id.to_string(), record.terms.supplier.name.to_string()))
        .collect();
    let suppliers: Vec<_> = suppliers.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    let both = [
        ("local:eu-trusted-list:VATEE-100687640", "SK ID Solutions AS"),
        ("local:eu-trusted-list:VATEE-101114112", "GuardTime OÜ"),
    ];
    assert_eq!(suppliers, both);
    let named = |name: &str| records.iter().find(|record| record.terms.object.name.as_str() == name).unwrap();
    let issuing = named("ESTEID qualified certificates for electronic signatures (ESTEID-SK 2011)");
    let went = [
        ("granted", "2011-03-18"),
        ("scope-extended", "2016-06-30"),
        ("scope-extended", "2018-11-02"),
        ("withdrawn", "2021-05-21"),
    ];
    assert_eq!(lived(issuing), went.map(|(what, since)| (what.to_owned(), since.to_owned())));
    let scope = issuing.now.scope.as_str();
    assert_eq!(scope, "service type: CA/QC; list of: EE; granted since 2016-06-30; granted since 2018-11-02");
    // Withdrawn when supervision changed, granted again, withdrawn at last.
    let again = records.iter().find(|record| lived(record).iter().any(|(what, _)| what == "restored")).unwrap();
    let words: Vec<_> = lived(again).into_iter().map(|(what, _)| what).collect();
    assert_eq!(words, ["granted", "suspended", "restored", "withdrawn"]);
    assert!(again.history.iter().all(|item| !matches!(item.what, Happening::Voided(_)) && item.effective <= item.at));
}

/// A list with these services.
fn list(services: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><TrustServiceStatusList xmlns=\"http://uri.etsi.org/02231/v2#\"><SchemeInformation>\
         <SchemeTerritory>XX</SchemeTerritory></SchemeInformation><TrustServiceProviderList><TrustServiceProvider>\
         <TSPInformation><TSPName><Name xml:lang=\"de\">Anbieter</Name><Name xml:lang=\"en\">A &amp; B</Name></TSPName><TSPTradeName>\
         <Name xml:lang=\"en\">VATXX-1</Name></TSPTradeName><TSPAddress><PostalAddresses><PostalAddress><CountryName>DE</CountryName>\
         </PostalAddress></PostalAddresses></TSPAddress></TSPInformation><TSPServices>{services}</TSPServices></TrustServiceProvider>\
         </TrustServiceProviderList></TrustServiceStatusList>"
    )
}

fn instance(element: &str, key: &str, status: &str, since: &str) -> String {
    format!(
        "<{element}><ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/CA/QC</ServiceTypeIdentifier><ServiceName>\
         <Name xml:lang=\"en\">Service</Name></ServiceName><ServiceDigitalIdentity><DigitalId><X509Certificate>{key}</X509Certificate>\
         </DigitalId></ServiceDigitalIdentity><ServiceStatus>{status}</ServiceStatus><StatusStartingTime>{since}</StatusStartingTime>\
         </{element}>"
    )
}

/// A service with its statuses, the present one first.
fn service(key: &str, statuses: &[(&str, &str)]) -> String {
    let now = statuses.iter().take(1).map(|(status, since)| instance("ServiceInformation", key, status, since));
    let before = statuses.iter().skip(1).map(|(status, since)| instance("ServiceHistoryInstance", key, status, since));
    let (now, before): (String, String) = (now.collect(), before.collect());
    format!("<TSPService>{now}<ServiceHistory>{before}</ServiceHistory></TSPService>")
}

#[test]
fn a_service_whose_history_cannot_be_is_refused_and_no_other() {
    let sound = service("sound", &[(WITHDRAWN, "2020-01-01T00:00:00Z"), (GRANTED, "2018-01-01T00:00:00Z")]);
    let many = vec![(GRANTED, "2018-01-01T00:00:00Z"); STATUSES_MAX + 1];
    let long = "x".repeat(crate::import::CELL_BYTES_MAX + 1);
    let rows: [(&str, String, &str); 10] = [
        ("no day", service("k", &[(GRANTED, "2018-02-30T00:00:00Z")]), "not-a-day"),
        ("a day to come", service("k", &[(GRANTED, "2030-01-01T00:00:00Z")]), "future"),
        (
            "the history newer",
            service("k", &[(GRANTED, "2018-01-01T00:00:00Z"), (GRANTED, "2019-01-01T00:00:00Z")]),
            "order",
        ),
        (
            "it begins with an end",
            service("k", &[(GRANTED, "2019-01-01T00:00:00Z"), (WITHDRAWN, "2018-01-01T00:00:00Z")]),
            "unacceptable",
        ),
        ("withdrawn from the first", service("k", &[(WITHDRAWN, "2018-01-01T00:00:00Z")]), "unacceptable"),
        ("a status that nobody knows", service("k", &[("http://x/polished", "2018-01-01T00:00:00Z")]), "unmapped"),
        ("without a status", "<TSPService/>".to_owned(), "missing"),
        ("without a certificate", service("", &[(GRANTED, "2018-01-01T00:00:00Z")]), "missing"),
        ("more statuses than any has", service("k", &many), "too-many-values"),
        ("a value longer than any", service(&long, &[(GRANTED, "2018-01-01T00:00:00Z")]), "too-long"),
    ];
    for (what, broken, code) in rows {
        let plan = plan(&list(&format!("{broken}{sound}"))).unwrap_or_else(|error| panic!("{what}: {error}"));
        check_account(&plan);
        assert_eq!(reasons(&plan), [(code, 1)], "{what}");
        assert_eq!(plan.accounts.counts().verdicts, 1, "{what}");
    }
    let twice = plan(&list(&format!("{sound}{sound}"))).unwrap();
    assert_eq!(reasons(&twice), [("repeats", 1)]);
}

#[test]
fn what_is_no_trusted_list_is_refused_whole() {
    let bomb = format!(
        "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"{}\">]>{}",
        "&a;".repeat(1_000),
        list("<TSPService>&b;</TSPService>")
    );
    let deep = list(&format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000)));
    let whole = list("");
    let cut = whole.strip_suffix("</TrustServiceStatusList>").unwrap();
    let rows: [(&str, &str, &str); 9] = [
        ("an entity bomb", &bomb, "lists have no document type"),
        ("an entity of its own", &list("<TSPService>&b;</TSPService>"), "entities of their own"),
        ("nested without end", &deep, "deeper than"),
        ("cut off", cut, "no whole trusted list"),
        ("cut off within a tag", &whole[..whole.len() - 3], "not readable as XML"),
        ("tags that do not match", &list("<TSPService></TSPServices>"), "not readable as XML"),
        ("another document", "<html xmlns=\"http://www.w3.org/1999/xhtml\"/>", "no whole trusted list"),
        ("the name without the namespace", "<TrustServiceStatusList/>", "no whole trusted list"),
        ("nothing", "", "no whole trusted list"),
    ];
    for (what, text, expected) in rows {
        let error = plan(text).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
}

/// A million services: the bound of rows stands before that of bytes.
#[test]
fn a_list_of_a_million_services_stops_at_the_bound_of_rows() {
    let error = plan(&list(&"<TSPService/>".repeat(1_000_000))).map(|_| ()).unwrap_err();
    assert!(matches!(error, ImportError::TooManyRows { limit: ROWS_MAX }), "{error}");
    let endless = std::io::repeat(b' ');
    let mapping = preset("eu-trusted-list").unwrap();
    let error = register(endless, &mapping, &fetched("2026-11-22"), &World::new().register).map(|_| ()).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge { .. }), "{error}");
}
