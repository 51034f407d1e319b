//! What does a letter say? One of the outbox, or a sample of its kind; as text, or its HTML part for a browser.

use super::{DONE, Usage, printed};
use crate::app::App;
use crate::control::Response;
use crate::notify::samples::{KINDS, sample};
use crate::seal::SealKey;

pub(super) fn run(app: &App, id: Option<&str>, html: bool) -> anyhow::Result<Response> {
    let Some(id) = id else {
        let mut text =
            "各类信的样例(虚构的账号;按现行规则、模板和办公室信息写成,不会发出):\n".to_owned();
        for (kind, what) in KINDS {
            text.push_str(&format!("  freshd mail preview {kind:<24}{what}\n"));
        }
        text.push_str("加 --html 输出 HTML 部分,存成文件可用浏览器查看。真实的信:freshd mail outbox 列出编号\n");
        return Ok(printed(DONE, text));
    };
    let unknown = || {
        let what = "用 freshd mail outbox 查看,样例的名称见 freshd mail preview";
        Usage(format!("没有编号为 {id} 的信;{what}"))
    };
    if let Some((kind, _)) = KINDS.iter().find(|(kind, _)| *kind == id) {
        let key = SealKey::held(app.store())?;
        let notifier = app.notifier();
        let letter =
            sample(kind, notifier.settings(), key.as_ref(), app.now())?.ok_or_else(unknown)?;
        if html {
            return Ok(printed(DONE, letter.html));
        }
        let reasons: Vec<&str> = letter.reasons.iter().map(|reason| reason.key()).collect();
        return Ok(printed(
            DONE,
            format!(
                "(样例,不会发出)\n主题:{}\nX-Freshd-Reason: {}\n\n{}\n",
                letter.subject,
                reasons.join(", "),
                letter.text
            ),
        ));
    }
    let letter = app.store().letter(id)?.ok_or_else(unknown)?;
    let body = app.store().letter_body(id)?.ok_or_else(unknown)?;
    if html {
        return Ok(printed(DONE, body.html));
    }
    Ok(printed(
        DONE,
        format!(
            "收件人:{}\n主题:{}\nMessage-ID:{}\nX-Freshd-Reason: {}\n\n{}\n",
            letter.to,
            letter.subject,
            letter.message_id,
            letter.reasons.join(", "),
            body.text
        ),
    ))
}
