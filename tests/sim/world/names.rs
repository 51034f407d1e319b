//! What is everybody called? Invented places, offices and titles in the style of a province, none of them real.

/// Invented cities 地市 (the reporting units).
pub(crate) const CITIES: [&str; 21] = [
    "云岭市",
    "临泽市",
    "青屿市",
    "望川市",
    "海晏市",
    "安澜市",
    "石桥市",
    "南溪市",
    "白鹭市",
    "东屏市",
    "松浦市",
    "梅岗市",
    "清晖市",
    "龙渡市",
    "星湖市",
    "永乐洲市",
    "平沙市",
    "鹿鸣市",
    "榕江口市",
    "丹霞谷市",
    "珠浦市",
];

/// Offices: the word in an account's name and the office's own name.
pub(crate) const OFFICES: [(&str, &str); 20] = [
    ("发布", "人民政府新闻办公室"),
    ("教育", "教育局"),
    ("卫生健康", "卫生健康局"),
    ("公安", "公安局"),
    ("人社", "人力资源和社会保障局"),
    ("文旅", "文化广电旅游体育局"),
    ("应急", "应急管理局"),
    ("市场监管", "市场监督管理局"),
    ("住建", "住房和城乡建设局"),
    ("水务", "水务局"),
    ("民政", "民政局"),
    ("司法", "司法局"),
    ("交通", "交通运输局"),
    ("农业农村", "农业农村局"),
    ("生态环境", "生态环境局"),
    ("医保", "医疗保障局"),
    ("统计", "统计局"),
    ("审计", "审计局"),
    ("气象", "气象局"),
    ("政务服务", "政务服务和数据管理局"),
];

const OPENINGS: [&str; 8] =
    ["关于开展", "我市举行", "一图读懂", "提醒!", "权威发布:", "快看,", "通知|", "便民服务:"];
const MATTERS: [&str; 12] = [
    "秋冬季疫苗接种",
    "城乡居民医保缴费",
    "义务教育阶段招生",
    "防汛防台风",
    "消费者权益保护",
    "老旧小区改造",
    "公共场所用电安全",
    "公益法律咨询",
    "城市公交线路调整",
    "农产品质量抽检",
    "青年就业见习",
    "生态环境日活动",
];
const ENDINGS: [&str; 6] = ["工作", "有关事项", "的通知", "问答", "，这些要知道", "进展"];

/// A title of a post, always the same for a number.
pub(crate) fn title(number: u32) -> String {
    let pick = |list: &[&'static str], divisor: u32| list[(number / divisor) as usize % list.len()];
    let (opening, matter) = (pick(&OPENINGS, 1), pick(&MATTERS, 8));
    format!("{opening}{matter}{}(第{}期)", pick(&ENDINGS, 96), number % 997)
}
