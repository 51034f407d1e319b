//! By which words does a page say that it is gone, closed, for sale, blocked, being worked on, or somebody's default?

use std::sync::LazyLock;

use regex::Regex;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $pattern:literal) => {
        $(#[$doc])*
        pub(super) fn $name(text: &str) -> Option<&str> {
            static WORDS: LazyLock<Regex> =
                LazyLock::new(|| Regex::new($pattern).expect("a literal expression compiles"));
            WORDS.find(text).map(|found| found.as_str())
        }
    };
}

words!(
    /// What was asked for is not there, in any sentence.
    gone,
    r"(?xi)
        (页面|网页|栏目|频道|专栏|专题|文章|文档|稿件|主题|内容|信息|文件|资源|链接|地址|网址|网站|站点|目录|微博|帖子|视频|新闻|资讯|数据|记录|服务|商品|课程)
        [^,。!?,.!?;;]{0,8}?
        (不存在|未找到|没有找到|没找到|找不到|走丢|丢失|不见了|飞走|被?删除|已下线|已经下线|下架|已失效|已经失效|失效了|已关闭|已经关闭|已关停|已停用|已停办
            |已撤销|已被?撤|已被?移除|已过期|停止访问|停止运行|无法找到|迷路|已注销)
        | (找不到|未找到|没有找到|没找到|无法找到|未能找到|没有此|没有该|无此)[^,。!?,.!?;;]{0,14}(页面|网页|栏目|文章|内容|文件|资源|链接|地址|网址|路径|站点)
        | page\x20(you[^.]{0,40})?((is|was)\x20)?(not\x20found|(can(no|')t|could\x20not)\x20be\x20found|doesn.?t\x20exist|does\x20not\x20exist|no\x20longer\x20(exists|available))
        | (file|resource|url|site|directory)\x20[^.]{0,50}(not\x20found|cannot\x20be\x20found|(is|was)\x20not\x20available|removed|does\x20not\x20exist)
        | no\x20(explicit\x20)?mapping\x20for|type=Not\x20Found,|cannot\x20get\x20/"
);
words!(
    /// A sentence that begins with what is gone, or with an apology.
    gone_first,
    r"(?x)^\s*((非常|很|十分)?(抱歉|对不起|不好意思|遗憾)[,,!!\s]*)? (该|此|本|这个|这篇|指定的|所选|当前)?
        (页面|网页|栏目|频道|专栏|专题|文章|文档|稿件|主题|内容|信息|文件|资源|链接|微博|帖子|视频|新闻|资讯|数据|记录|服务|活动页面?|商品|课程)(内容|信息|地址)? (可能|似乎)?
        (已经|已|暂时?|被|不|找不到|未找到|没有找到|无法找到)"
);
words!(
    /// It speaks of a case that may be, not of this one.
    supposed,
    r"^(如|若|当|凡)|如果|的话|是否|时[,,]请|[^有]时[,,]|不影响|的[,,应须]|(提示|显示|写着|弹出)[^。]{0,4}[“”「]"
);
words!(
    /// A framework's own words for it.
    framework,
    r"type=Not Found, status=404|no explicit mapping for /error|Cannot (GET|POST) /|NoHandlerFoundException"
);
words!(
    /// It may pass.
    transient,
    r"(?i)(系统|服务器?|网络)(异常|繁忙|忙|错误|出错|开小差)|稍[后候]再?试|try again"
);
words!(
    /// A journalist speaks.
    news,
    r"记者|获悉|据悉|日前|近日|本报|通讯员|获刑|判决"
);
words!(
    /// Talk that goes with every notice.
    courtesy,
    r"(?i)可能|原因|尊敬的|亲爱的|用户|抱歉|对不起|很遗憾|sorry|oops|error|错误|关闭窗口|点击这里|等待时间|nginx|apache|iis|tomcat|提示|谅解|感谢|如有疑问|您可以"
);
words!(
    /// It speaks to the visitor about his own request.
    to_you,
    r"(?i)(您|你|我们)[^。!?]{0,6}(访问|查找|请求|浏览|打开|查看|寻找|要找|想要|输入)|you('re| are)? (looking for|requested|tried|were looking)|requested (url|page|resource)"
);
words!(
    /// The number itself.
    number,
    r"(?i)(^|[^0-9a-z.])(http)?[ ]?(error|status|错误|代码)?[ ::-]*404(\s*(错误|页面?[^0-9]|not|error|找|未)|[\s::,,。!!)—-]|$)"
);
words!(
    /// A way back, or an automatic one.
    way_back,
    r"(?i)返回(网站)?(首页|主页|上一?页|上级|前页)|回到?(网站)?首页|秒[钟后]*(后|之?内)?[^。]{0,6}(跳转|返回)|自动跳转|检查[^。]{0,10}(网址|地址|链接|输入)|联系[^。]{0,4}管理员|go back|back to home|home ?page|刷新"
);
words!(
    /// An error page by its own title.
    error_title,
    r"(?i)^(错误(提示|页面?|信息)?|出错[了啦]?|(系统|温馨|信息|友情|跳转|访问)?提示(信息|页面?)?|消息|error( page)?|oops.*|哎[呀哟].*|抱歉.*|对不起.*|很遗憾.*|页面走丢.*)[!!。.]*$"
);
words!(
    /// What stands around an article.
    furniture,
    r"(发布|发表|更新|成文|发文)(时间|日期)|信息来源|来源[::]|浏览(次数|量)|阅读(量|数|次数)|点击数|责任编辑|编辑[::]|索引号|发文(字号|机关)|文号[::]|字体[::]?|【?打印|分享到|上一篇|下一篇"
);
words!(
    /// The title of a piece of writing, not of an error.
    about,
    r"(?i)关于.{2,}|(公告|通知|通告|声明|启事|指南|办法|规定|规程|须知|说明|解读|问答|意见|函|方案|流程|报道|手册|攻略|教程|案例|报告|答复|处理|整改|解决|原因)([((].*)?$|怎么办|如何|为什么|什么是|是什么|[??]|[“”「」《》]"
);
words!(
    /// A list that was searched and had nothing.
    searched,
    r"(?i)(搜索|检索|查询)(结果|到)|站内(搜|检)索|(没有|未)[^。]{0,24}相关(的)?(结果|内容|信息|记录)|关键[字词]|换个(词|关键)|no results"
);
words!(
    /// It has moved and says where.
    moved,
    r"(?i)(迁移|搬迁|搬家|转移|整合|合并|更名)(至|到|为|入)|新(网址|地址|网站|平台|域名|版)(为|是|已|[::])|请(前往|移步|访问|登录|使用)(新|https?|www|[“「])|moved to"
);
words!(
    /// A name that is for sale or parked.
    for_sale,
    r"(?i)域名.{0,14}(出售|转让|待售|竞价|拍卖|停放|已?过期|到期)|(出售|转让|购买|求购)(此|该|本|这个)?域名|domain.{0,24}(for sale|parked|parking|expired|available)|buy (this|the) domain|this domain"
);
words!(
    /// How a seller of names speaks.
    seller,
    r"(?i)立即购买|一口价|报价|议价|联系卖家|域名经纪|make an? offer|inquire|get a price|whois|related (searches|links)|万网|西部数码|易名|聚名|godaddy|sedo|dan\.com|afternic|hugedomains|续费"
);
words!(
    /// Services that show pages on parked names, in scripts and final addresses.
    parking,
    r"(?i)sedoparking|parkingcrew|bodis\.com|afternic|hugedomains|dan\.com|parklogic|above\.com|ename\.(com|net)|juming\.com|4\.cn/|west\.cn/|wanmi\.cc|parking[.-]"
);
words!(
    /// A host that may not be shown, because it is not registered 未备案.
    unregistered,
    r"(?i)(网站|域名|网址|站点)[^。]{0,24}(未|没有|尚未)[^。]{0,14}备案|未备案|icp filing|备案[^。]{0,10}(被?注销|取消|不一致|不符|异常)"
);
words!(
    /// It is the very site that was asked for.
    this_site,
    r"(?i)(该|此|本|这个|您(所)?(要)?访问的|您的)(网站|域名|站点|网址)|this domain|the domain name|非法阻断|non-compliance"
);
words!(
    /// A sentence to the visitor about that site.
    begins_with_this_site,
    r"(?i)^((非常|很)?(抱歉|对不起)[,,]?)?(因|因为|由于)?(该|此|本|您(所)?(要)?访问的)(网站|域名|站点|网址)|^网站未备案提示|non-compliance"
);
words!(
    /// Who blocks it.
    authority,
    r"(?i)工信部|工业和信息化部|通信管理局|接入商|接入服务商|阿里云|腾讯云|华为云|beian|icp|备案(管理)?系统|管局"
);
words!(
    /// It is closed for now.
    closed_now,
    r"暂时?(无法|不能|停止)(提供)?(访问|打开|服务|浏览)|无法(正常)?(访问|打开)|被?(阻断|拦截|屏蔽|关停)"
);
words!(
    /// Somebody works on it.
    upkeep,
    r"(?xi)(系统|网站|平台|服务器?|栏目|页面|本站|门户|业务|数据库|功能|模块|程序)[^。!?]{0,20}?(正在|处于|进行|在)[^。!?]{0,10}(升级|维护|改版|建设|调试|迁移|割接|检修|开发)
        | (升级|维护|改版|建设|割接|调试|检修|开发)(中|之中)($|[^国心央小间部东西医药华期学])
        | (停机|系统|网站|例行|临时|服务器)(升级)?维护 | (暂停|停止)(对外|提供)?(服务|访问|运行) | 敬请期待 | (暂|尚)未(开放|开通|上线)
        | (under|scheduled|down\x20for|undergoing)\x20(construction|maintenance) | be\x20right\x20back | site\x20maintenance"
);
words!(
    /// Until when, and that it asks for patience.
    patience,
    r"(?i)给您(带来|造成)的?不便|敬请(谅解|期待|关注)|请稍[后候]|稍后(再|访问)|恢复(正常)?(访问|服务|使用|时间)|预计|期间|see you soon|come back|sorry for"
);
words!(
    /// An error of the server's own program, with its number or trace.
    server_error,
    r"(?i)http(/1\.1)? ?(status|error)? ?[-–—:]* ?50[0234]|internal server error|java\.(lang|sql|io|util)\.|javax\.servlet|at (org|com|java|sun)\.[a-z.]+\(|ORA-\d{5}|SQLSTATE\[|server error in '/|runtime error|whitelabel error page|fatal error:|500 - 内部服务器错误"
);
words!(
    /// A page where one logs in.
    login,
    r"(?i)登录|登陆|统一身份认证|用户名|账号密码|扫码登|log ?in|sign ?in"
);
words!(
    /// An address where one logs in.
    login_path,
    r"(?i)/(login|signin|sso|cas|oauth2?|auth|passport|sign-in|logon|uaa|am/ui|dologin)([/.?_;-]|$)|^(login|passport|sso|cas|auth|tyrz|sfrz|uaa|account)[0-9]*\."
);
words!(
    /// A page that wants a certain client.
    client,
    r"请(在|使用|用)(微信|手机|粤省事|支付宝)?[^。]{0,8}(客户端|浏览器|扫码|APP)[^。]{0,4}(打开|访问|查看)|仅(限|支持)(在)?(微信|手机)|不支持(电脑|PC|当前浏览器)"
);
words!(
    /// Marks of a challenge in the scripts of a small page.
    guard,
    r"(?i)_cf_chl_opt|cdn-cgi/challenge-platform|\$_ts ?=|acw_sc__v2|arg1 ?= ?'[0-9a-f]{20,}|__jsl_clearance|yunsuo_session|safedog|TCaptcha|geetest|captcha|_waf_|wzws|security_session|anti-?bot|challenge"
);
words!(
    /// It was stopped on the way, in words.
    stopped,
    r"(?i)(请求|访问)(行为)?[^。]{0,6}(被(拦截|阻断|拒绝|禁止)|存在(威胁|风险|异常)|过于频繁|受限)|(安全|人机|滑动|滑块|身份|访问)验证|验证码|环境异常|防火墙|waf|event id|事件(编号|id)|checking your browser|verify (you are|that you)|enable javascript and cookies|请(开启|启用|打开)[^。]{0,6}(javascript|cookie|脚本)|正在(验证|检查|检测)[^。]{0,8}(浏览器|环境|安全|连接)"
);
words!(
    /// The address of an error page.
    error_path,
    r"(?i)/(e?404|err(or)?|notfound|not-found|page_?not_?found|nopage|filenotfound|errorpage|exception|err_?404|error_?404|custom_?404)([/._?-]|$)"
);
words!(
    /// The address of a list that was searched.
    search_path,
    r"(?i)/(search|so|jsearch|query)([/._?]|$)|/s\?|[?&](q|qt|kw|keyword|keywords|wd|searchword|query)="
);

/// Titles of pages that a server shows before anybody has put anything there, and what their text then says.
pub(super) fn default_page(title: &str, text: &str) -> (Option<String>, Option<String>) {
    let find = |list: &[(&str, bool)], said: &str| {
        let said = said.trim().to_ascii_lowercase();
        let hit = list.iter().find(|(words, whole)| match whole {
            true => said.trim_end_matches(['!', '!', '.']) == *words,
            false => said.contains(words),
        });
        hit.map(|(words, _)| (*words).to_owned())
    };
    (find(DEFAULT_TITLES, title), find(DEFAULT_TEXTS, text))
}

/// With `true` the whole title must be that.
const DEFAULT_TITLES: &[(&str, bool)] = &[
    ("welcome to nginx", true),
    ("welcome to openresty", true),
    ("welcome to tengine", true),
    ("welcome to caddy", true),
    ("iis windows server", true),
    ("iis windows", true),
    ("iis7", true),
    ("iis8", true),
    ("internet information services", true),
    ("apache2 ubuntu default page: it works", true),
    ("apache2 debian default page: it works", true),
    ("it works", true),
    ("test page for the", false),
    ("http server test page", false),
    ("apache tomcat", true),
    ("apache tomcat/", false),
    ("恭喜,站点创建成功", true),
    ("恭喜,站点创建成功", true),
    ("没有找到站点", true),
    ("站点创建成功", false),
    ("主机创建成功", false),
    ("网站建设成功", true),
    ("lnmp一键安装包", false),
    ("phpstudy", false),
];

const DEFAULT_TEXTS: &[(&str, bool)] = &[
    ("successfully installed and working", false),
    ("further configuration is required", false),
    ("you've successfully installed tomcat", false),
    ("used to test the proper operation", false),
    ("default welcome page used to test", false),
    ("it works!", true),
    ("internet information services", false),
    ("您的请求在web服务器中没有找到对应的站点", false),
    ("由系统自动生成", false),
    ("此页面由", false),
    ("创建成功", false),
    ("一键安装包", false),
];
