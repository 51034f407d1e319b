//! Which accounts are authorised, by the platform's own list? Read once a Beijing day and when a refresh token is
//! missed, because pushes get lost: a frozen account was seen to vanish without one.

use freshd_core::civil;
use serde_json::{Value, json};

use super::super::token::NoToken;
use super::{Component, malformed};
use crate::lenient;

const LIST: &str = "/cgi-bin/component/api_get_authorizer_list";
/// Rows per page: the most that the interface gives.
const PAGE_ROWS: usize = 500;
/// Pages of one reading.
const PAGES_MAX: usize = 100;
/// A reading that was begun is not begun again within so many minutes.
const AGAIN_MIN: i64 = 15;

impl Component<'_> {
    /// Once a Beijing day: is what we hold what the platform holds?
    pub(crate) async fn reconcile(&self) -> Result<(), NoToken> {
        let record = self.keep.component(self.appid())?;
        if super::before_today(record.list_begun, self.cx.now) {
            self.read_roster().await?;
        }
        Ok(())
    }

    /// Reads the whole list and takes up each refresh token; others wait for the one who reads, and then need not.
    pub(super) async fn read_roster(&self) -> Result<(), NoToken> {
        let _alone = self.keep.roster.lock().await;
        let mut record = self.keep.component(self.appid())?;
        let now = self.cx.now;
        let again = chrono::TimeDelta::minutes(AGAIN_MIN);
        if record.list_begun.is_some_and(|at| at <= now && now - at < again) {
            return Ok(());
        }
        record.list_begun = Some(now);
        self.keep.put_component(self.appid(), &record)?;
        let mut offset = 0;
        for _ in 0..PAGES_MAX {
            let body = json!({
                "component_appid": self.appid(), "offset": offset, "count": PAGE_ROWS,
            });
            let answer = self.ask(LIST, "读取授权列表", &body).await?;
            let rows = answer.get("list").and_then(Value::as_array);
            let total = answer.get("total_count").and_then(lenient::int);
            let (Some(rows), Some(total)) = (rows, total) else {
                return Err(malformed("读取授权列表:应答中没有 list 或 total_count"));
            };
            for row in rows {
                self.take_row(row)?;
            }
            self.keep.durable().await?;
            offset += rows.len();
            if rows.is_empty() || i64::try_from(offset).is_ok_and(|read| read >= total) {
                if i64::try_from(offset).is_ok_and(|read| read >= total) {
                    record.list_whole = Some(civil::day(now));
                    self.keep.put_component(self.appid(), &record)?;
                }
                break;
            }
        }
        Ok(())
    }

    /// One row: an account with its refresh token, which may be missing.
    fn take_row(&self, row: &Value) -> Result<(), NoToken> {
        let text = |key: &str| row.get(key).and_then(lenient::text);
        let Some(appid) = text("authorizer_appid").filter(|id| super::super::is_appid(id)) else {
            return Ok(());
        };
        let before = self.record(&appid)?.unwrap_or_default();
        let mut record = before.clone();
        let authorised = row.get("auth_time").and_then(lenient::int);
        let authorised =
            authorised.and_then(|seconds| freshd_core::Timestamp::from_timestamp(seconds, 0));
        // A list may lag behind the push that withdrew; an authorisation after it does not.
        let stale = record.withdrawn.is_some_and(|at| authorised.is_none_or(|auth| auth <= at));
        if stale {
            return Ok(());
        }
        record.withdrawn = None;
        if let Some(refresh) = text("refresh_token") {
            record.refresh_token = Some(refresh);
        }
        record.listed = Some(civil::day(self.cx.now));
        if record != before {
            self.keep.put_authorizer(self.appid(), &appid, &record)?;
        }
        Ok(())
    }
}
