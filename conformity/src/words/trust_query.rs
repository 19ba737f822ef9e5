//! Messages of the Trust Registry Query Protocol: why an answer is yes or no.

use super::{Sentence, plain};

/// By code.
pub(crate) const ROWS: &[Sentence] = &[
    // Nothing was found: who is unknown, hidden or not entitled looks alike.
    plain(
        "not-authorized",
        "no accreditation here, by this authority, lets this entity do this under this scheme at this time",
        "この時点で、このスキームについて、この認定機関によりこの主体にそれを認める認定は当レジストリにありません",
    ),
    plain(
        "not-recognized",
        "no arrangement here lets this authority recognize this entity's verdicts under this scheme at this time",
        "この時点で、このスキームについて、この機関がこの主体の判定を承認する取決めは当レジストリにありません",
    ),
    // The question is none that is answered here.
    plain(
        "unknown-activity",
        "this action is not known here; ask whether an entity may: {may}",
        "この行為は当レジストリで扱っていません。主体が次のことを行えるかを照会してください: {may}",
    ),
    plain(
        "unknown-action",
        "this action is not known here; ask whether an authority may: {may}",
        "この行為は当レジストリで扱っていません。機関が次のことを行えるかを照会してください: {may}",
    ),
    plain(
        "elsewhere",
        "this registry answers for {own} and those under it; ask the authority's own",
        "当レジストリは {own} とその下にある者についてのみ回答します。その機関のレジストリに照会してください",
    ),
    // Accreditations.
    plain(
        "in-force",
        "accreditation {accreditation} by {by} is in force until {until}, for viewpoints: {=viewpoints}, for objects: {=objects}",
        "{by} による認定 {accreditation} は {until} まで有効です。観点: {=viewpoints}、評価対象: {=objects}",
    ),
    plain(
        "in-force",
        "accreditation {accreditation} by {by} is in force until {until}, for viewpoints: {=viewpoints}",
        "{by} による認定 {accreditation} は {until} まで有効です。観点: {=viewpoints}",
    ),
    plain(
        "not-yet",
        "accreditation {accreditation} by {by} begins on {from}",
        "{by} による認定 {accreditation} は {from} から有効です",
    ),
    plain(
        "expired",
        "accreditation {accreditation} by {by} ended on {until}",
        "{by} による認定 {accreditation} は {until} に終了しました",
    ),
    plain(
        "suspended",
        "accreditation {accreditation} by {by} is suspended",
        "{by} による認定 {accreditation} は停止されています",
    ),
    plain(
        "withdrawn",
        "accreditation {accreditation} by {by} is withdrawn",
        "{by} による認定 {accreditation} は取り消されました",
    ),
    // Arrangements.
    plain(
        "rule-in-force",
        "rule {rule} of arrangement {arrangement} (version {version}) is in force, for viewpoints: {=viewpoints}, for objects: {=objects}",
        "取決め {arrangement}(版 {version})のルール {rule} は有効です。観点: {=viewpoints}、評価対象: {=objects}",
    ),
    plain(
        "rule-lacks",
        "rule {rule} of arrangement {arrangement} (version {version})",
        "取決め {arrangement}(版 {version})のルール {rule}",
    ),
];
