//! What can be said of a menu entry without asking anybody? Placeholders 占位 and what no one outside can check.

use super::{LinkHealth, MenuEntry};

impl MenuEntry {
    /// Can it be judged without asking anybody? `click` and unknown types cannot be checked from outside; a link that
    /// leads nowhere (empty, `#`, `javascript:`, an example, a platform's home page) is a placeholder 未配置地址.
    pub fn at_a_glance(&self) -> Option<(LinkHealth, &'static str)> {
        if self.path.last().is_some_and(|name| is_test_name(name)) {
            return Some((LinkHealth::Placeholder, "菜单项还是默认名称或测试用名称"));
        }
        let target = self.target.as_deref().unwrap_or("").trim();
        match self.kind.as_str() {
            "view" | "news" | "text_link" => {
                address_placeholder(target).map(|reason| (LinkHealth::Placeholder, reason))
            }
            "" => Some((LinkHealth::Placeholder, "菜单项没有配置任何动作")),
            "text" if target.is_empty() => Some((LinkHealth::Placeholder, "回复文字为空")),
            "text" => Some((LinkHealth::Alive, "回复文字")),
            "click"
            | "media_id"
            | "view_limited"
            | "article_id"
            | "article_view_limited"
            | "miniprogram"
                if target.is_empty() =>
            {
                Some((LinkHealth::Placeholder, "菜单项没有配置内容"))
            }
            "click" => Some((LinkHealth::NotCheckable, "由账号自己的服务器应答,无法从外部核验")),
            "miniprogram" => Some((LinkHealth::NotCheckable, "小程序页面,无法从外部核验")),
            "img"
            | "photo"
            | "voice"
            | "video"
            | "media_id"
            | "view_limited"
            | "article_id"
            | "article_view_limited" => {
                Some((LinkHealth::NotCheckable, "微信素材,只能在微信内查看"))
            }
            "scancode_push" | "scancode_waitmsg" | "pic_sysphoto" | "pic_photo_or_album"
            | "pic_weixin" | "location_select" => {
                Some((LinkHealth::NotCheckable, "调用手机功能的按钮,无法从外部核验"))
            }
            _ => Some((LinkHealth::NotCheckable, "未收录的类型,无法从外部核验")),
        }
    }
}

/// Names that the platform's editor fills in, or that somebody who tries things out does; compared whole.
const TEST_NAMES: [&str; 10] = [
    "菜单名称",
    "子菜单名称",
    "新建菜单",
    "未命名",
    "未命名菜单",
    "测试",
    "测试菜单",
    "test",
    "菜单测试",
    "测试链接",
];

fn is_test_name(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    TEST_NAMES.contains(&name.as_str())
}

/// Hosts that stand for "an address comes here" (RFC 2606, and what people type).
const EXAMPLE_HOSTS: [&str; 14] = [
    "example.com",
    "example.net",
    "example.org",
    "example.cn",
    "example.com.cn",
    "test.com",
    "test.cn",
    "xxx.com",
    "xxx.cn",
    "xxxx.com",
    "xxx.gov.cn",
    "yourdomain.com",
    "domain.com",
    "mysite.com",
];

/// Home pages of platforms: whoever has no address of his own leaves or types one of these.
const HOME_HOSTS: [&str; 16] = [
    "weixin.qq.com",
    "mp.weixin.qq.com",
    "work.weixin.qq.com",
    "qq.com",
    "baidu.com",
    "m.baidu.com",
    "weibo.com",
    "weibo.cn",
    "m.weibo.cn",
    "toutiao.com",
    "douyin.com",
    "kuaishou.com",
    "sina.com.cn",
    "163.com",
    "taobao.com",
    "jd.com",
];

/// Why an address leads nowhere of the account's own, if it does.
fn address_placeholder(target: &str) -> Option<&'static str> {
    let lower = target.to_ascii_lowercase();
    if target.is_empty() || target.starts_with('#') {
        return Some("未配置链接地址");
    }
    if ["javascript:", "about:", "void("].iter().any(|start| lower.starts_with(start)) {
        return Some("占位链接,点开没有内容");
    }
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    let rest = rest.or_else(|| lower.strip_prefix("//"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, page) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    if host.is_empty() || host == "www" {
        return (!authority.contains('[')).then_some("链接地址没有填完整");
    }
    let site = host.strip_prefix("www.").unwrap_or(host);
    if EXAMPLE_HOSTS.contains(&site) {
        return Some("示例网址,没有换成真实地址");
    }
    let page = page.trim_start_matches('/');
    let is_home = page.is_empty() || page.starts_with('#');
    (is_home && HOME_HOSTS.contains(&site)).then_some("只是平台首页,不是本账号的栏目地址")
}
