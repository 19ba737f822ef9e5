//! What another registry disclosed to this one of its verdict, for those whose affair it is; for anybody else it is not there.

use conformity::ids::VerdictRef;
use conformity::records::Facts;
use conformity::standing::concerns_foreign;
use federation::follow::Detail;
use serde::Serialize;
use warp::reply::Response;

use super::answer;
use super::ask::Ask;
use super::code;
use super::site::Site;
use crate::problem::Problem;

/// What rests here of a verdict.
#[derive(Serialize)]
struct Told<'a> {
    verdict: &'a VerdictRef,
    #[serde(flatten)]
    detail: Detail,
}

/// `GET /v1/verdicts/{verdict}/disclosed`
pub(super) fn of_verdict(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let wanted: VerdictRef = ask.value()?;
    let peer = {
        let register = site.register();
        let recorded = register.recognition(&wanted).ok_or_else(Problem::not_found)?;
        let peer = register.peer(&wanted.registry).ok_or_else(Problem::not_found)?;
        let supplier = &recorded.recognition.supplier;
        if !concerns_foreign(&*register, &ask.viewer(), supplier) {
            return Err(Problem::not_found());
        }
        peer
    };
    let detail = site.registry.received.of(&peer, &wanted.id);
    let detail = detail.map_err(|error| code::internal("what was disclosed of a verdict could not be read", &error))?;
    answer::json(&Told { verdict: &wanted, detail: detail.ok_or_else(Problem::not_found)? })
}
