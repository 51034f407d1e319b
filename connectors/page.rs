//! What does a web page say at its top: is it a "page not found" that answers 200, or a challenge?

use std::sync::LazyLock;

use regex::Regex;
use scraper::{Html, Selector};

use crate::http::Response;
use crate::{charset, markup};

/// What a reader sees first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Top {
    /// The text of `<title>`.
    pub title: String,
    /// The first `h1` and the first `h2`, outside scripts.
    pub headings: Vec<String>,
    /// Characters of visible text in the whole page.
    pub text_chars: usize,
    /// The first 300 of them.
    pub start: String,
}

/// A page on which a heading decides is short: site furniture and one sentence.
const SHORT_PAGE_CHARS: usize = 1500;

/// A page of no more than this is one sentence, and looked at whole.
const START_CHARS: usize = 300;

/// Is the answer a web page, by its own word or its first byte?
pub fn is_html(response: &Response) -> bool {
    let start = response.body.iter().find(|byte| !byte.is_ascii_whitespace());
    match response.header("content-type").map(str::to_ascii_lowercase) {
        Some(kind) if kind.contains("html") => true,
        Some(kind) if !kind.contains("text/plain") && !kind.contains("octet-stream") => false,
        _ => matches!(start, Some(b'<')),
    }
}

/// The top of the answer; `None` when it is no web page or nests too deep to be read.
pub fn top(response: &Response) -> Option<Top> {
    is_html(response)
        .then(|| charset::decode(&response.body, response.header("content-type")))
        .and_then(|html| top_of(&html))
}

/// The top of a page.
pub fn top_of(html: &str) -> Option<Top> {
    let tree = markup::tree(html)?;
    let first = |selector: &str| {
        let selector = Selector::parse(selector).expect("a literal selector parses");
        tree.select(&selector).map(text).find(|text| !text.is_empty())
    };
    let visible = visible(&tree);
    Some(Top {
        title: first("title").unwrap_or_default(),
        headings: ["h1", "h2"].into_iter().filter_map(first).collect(),
        text_chars: visible.chars().filter(|c| *c != ' ').count(),
        start: visible.chars().filter(|c| *c != ' ').take(START_CHARS).collect(),
    })
}

/// The text of an element, its blanks folded.
pub(crate) fn text(element: scraper::ElementRef<'_>) -> String {
    let all: String = element.text().collect();
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text outside scripts, styles and the title; `None` when the page nests too deep to be read.
pub(crate) fn visible_text(html: &str) -> Option<String> {
    markup::tree(html).map(|tree| visible(&tree))
}

fn visible(tree: &Html) -> String {
    let texts = tree.tree.nodes().filter_map(|node| {
        let parent = node.parent()?.value().as_element().map_or("", |parent| parent.name());
        let hidden = matches!(parent, "script" | "style" | "title" | "noscript" | "template");
        node.value().as_text().filter(|_| !hidden)
    });
    texts.flat_map(|text| text.split_whitespace()).collect::<Vec<_>>().join(" ")
}

impl Top {
    /// The sentence by which the page itself says that it is not there 软死链. Only a title or heading
    /// that is essentially that sentence counts, on a short page: a long one has something to say.
    pub fn soft_dead(&self) -> Option<&str> {
        if self.text_chars > SHORT_PAGE_CHARS {
            return None;
        }
        if is_dead_title(&self.title) {
            return Some(&self.title);
        }
        self.headings.iter().find(|heading| is_dead_sentence(heading)).map(String::as_str)
    }

    /// Does the page stand in the way of another: a login, a block, maintenance, a script to be run first? The title says
    /// so, or all of a short page.
    pub(crate) fn is_wall(&self) -> bool {
        let short = self.text_chars <= START_CHARS;
        let texts = std::iter::once(&self.title).chain(&self.headings);
        texts.chain([&self.start].into_iter().filter(|_| short)).any(|text| is_excuse(text))
    }

    /// The sentence by which the page asks for a proof of being human.
    pub fn challenge(&self) -> Option<&str> {
        let all = std::iter::once(&self.title).chain(&self.headings);
        all.map(String::as_str).find(|text| is_challenge(text))
    }
}

/// Is a title or heading, or a part of it, the sentence by which a page asks for a proof of being human?
pub(crate) fn is_challenge(text: &str) -> bool {
    static CHALLENGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?x)^(
                请?(先|完成|进行|输入)?(完成|进行|通过)?
                    (安全|人机|滑动|滑块|图形|访问|身份|行为)(验证|校验)(码|中心|页面)?
                | 验证码 | 访问(过于频繁|受限|被拒绝|被阻断|异常) | (当前)?环境异常
                | 您的(请求|访问)已?被(拦截|阻断|拒绝).* | 请求被(拦截|阻断)
                | justamoment | attentionrequired(cloudflare)? | accessdenied | securitycheck
                | ddosguard | captcha | robotcheck
            )$",
        )
        .expect("a literal expression compiles")
    });
    let is = |text: &str| CHALLENGE.is_match(&bare(text));
    is(text) || parts(text).any(is)
}

/// Does a text ask to log in, to wait, to run scripts, or say that it was blocked?
pub(crate) fn is_excuse(text: &str) -> bool {
    static EXCUSE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?x) (上网|网络|身份|统一)?认证 | (请|用户|账号)(先)?登录 | 拦截 | 防火墙 | (系统|网站|正在|升级|停机)维护 | 维护中
                | (请)?稍[后候]再?试? | (系统|服务器?)(繁忙|忙碌?|异常|错误) | 访问(过于)?频繁 | (启用|开启|打开|支持)javascript
                | (系统|服务|网站|平台)升级 | 升级(公告|通知|中) | (暂停|停止)(对外)?服务 | 禁止访问 | 境外 | 无权访问 | 请求过于频繁
                | (在|用|使用)(手机|系统|其他)?浏览器 | 网络(异常|错误) | welcometonginx | slowdown | internalservererror
                | enablejavascript | acwsc | busy | tryagain | maintenance | unavailable | forbidden | firewall | ratelimit
                | login | signin | accessdenied | gateway | toomanyrequests | captcha | 验证码 ",
        )
        .expect("a literal expression compiles")
    });
    EXCUSE.is_match(&bare(text))
}

/// Without blanks and punctuation, in lower case.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A title's parts: the sentence, the column, the site.
pub(crate) fn parts(title: &str) -> impl Iterator<Item = &str> {
    title.split(['-', '_', '|', '—', '–', '·', '丨', '>', '»', ':', ':', '|']).map(str::trim)
}

/// Is a title, or one of its parts, the sentence that a page is not there?
pub(crate) fn is_dead_title(title: &str) -> bool {
    is_dead_sentence(title) || {
        // "404" alone may be part of a name; with a site's name beside it, more must be said.
        parts(title).any(|part| is_dead_sentence(part) && bare(part) != "404")
    }
}

/// "您访问的页面不存在", "404 Not Found", "该域名正在出售": the whole sentence, without blanks and punctuation.
static DEAD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:
            (非常|很|十分)? (抱歉|对不起|不好意思|sorry|oops|温馨提示|系统提示|提示)?
            (http)? (错误|error)? (404)? (错误|error)?
            (您|你|我们)? (所|想)?要? (访问|查找|请求|浏览|打开|查看|寻找|找)? 的? (该|此|这个|本)?
            (页面|网页|栏目|频道|专题|文章|内容|信息|文件|资源|链接|地址|网址|网站|站点|目录){0,2}
            (可能|似乎)? (已经|已|并|暂)?
            (不存在|未找到|没有找到|没找到|找不到了?|无法找到|不见了|走丢了|停止服务
                |被?(删除|移除|撤销|下线|关闭|关停|停用|失效)了?)
            (或者?|已经|已|被)* (删除|移动|更名|改名|移除|下线|暂时不可用|不存在)?
            | (找不到|未找到|没有找到|无法找到) (该|此|您访问的|您要找的|您要访问的|请求的)?
                (页面|网页|栏目|文章|内容|文件|资源|链接){1,2} (或目录)?
            | (http|error|错误)? (status)? 404
                (error|错误|页面|notfound|pagenotfound|filenotfound|errorpage|未找到|找不到页面)?
            | (the)? (requested)? (page|url|file|resource|object)? (is|was)?
                (cannotbe|couldnotbe|not) found (error)? (404)?
            | (该|此|这个)? 域名 (正在|可以?|已)? (出售|转让|过期|到期|停放) 中?
            | (this)? domain (name)? (is|may)? (be)? (forsale|expired|parked|parking)
        )$",
    )
    .expect("a literal expression compiles")
});

/// Words that match the pattern and say nothing about a page.
const TOO_LITTLE: [&str; 8] =
    ["找不到", "找不到了", "已删除", "已被删除", "已关闭", "已下线", "已失效", "已停用"];

/// Is a text that sentence as a whole?
pub(crate) fn is_dead_sentence(text: &str) -> bool {
    let bare = bare(text);
    // "4.0.4" is a version.
    let spelt = bare != "404" || text.contains("404");
    spelt
        && bare.chars().count() >= 3
        && DEAD.is_match(&bare)
        && !TOO_LITTLE.contains(&bare.as_str())
}

#[cfg(test)]
mod tests;
