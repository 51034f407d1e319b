//! Who has authorised us? `freshd authorise list`.

use super::{DONE, json, printed};
use crate::app::App;
use crate::control::Response;

pub(super) fn list(app: &App, unit: Option<&str>, as_json: bool) -> anyhow::Result<Response> {
    let view = app.authorisations(&[], unit)?;
    if as_json { json(DONE, &view) } else { Ok(printed(DONE, view.text())) }
}
