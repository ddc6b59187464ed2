// The admission list: what a community, or a grid below it, may be given. Everything that starts at grid or community
// level is on it, but for two groups that only some communities take: river banks and farm land.

const FARMING = '1203';
const RIVER_BANK = '080301';
export const FARM_COMMUNITIES = ['驿东', '铜坊', '渠口', '菱湾', '窑坡', '苇岸', '棠荫', '杏坞', '竹浦'];

export function make_admission(matters, { streets, map }) {
  const low = (matter) => ['grid', 'community'].includes(matter.start);
  const groups = new Map();
  for (const matter of matters.values()) {
    const group = matter.code.slice(0, 4);
    groups.set(group, [...(groups.get(group) ?? []), matter]);
  }
  const rows = [];
  for (const [group, members] of groups) {
    const admitted = members.filter(low);
    if (group === FARMING || admitted.length === 0) continue;
    if (admitted.length === members.length) rows.push({ community: '*', matter: group, note: members[0].name_zh_2 });
    else
      for (const matter of admitted)
        if (matter.code !== RIVER_BANK) rows.push({ community: '*', matter: matter.code, note: matter.name_zh });
  }
  const communities = streets.flatMap((street) => street.children);
  for (const community of communities.filter((c) => FARM_COMMUNITIES.includes(c.name))) {
    for (const matter of groups.get(FARMING).filter(low))
      rows.push({
        community: community.code,
        matter: matter.code,
        note: `${community.name}社区有农业用地：${matter.name_zh}`,
      });
  }
  const banks = communities.filter(
    (c) => c.rings.flat().filter((v) => map.river.some((w) => w[0] === v[0] && w[1] === v[1])).length > 1,
  );
  for (const community of banks)
    rows.push({
      community: community.code,
      matter: RIVER_BANK,
      note: `${community.name}社区临河：${matters.get(RIVER_BANK).name_zh}`,
    });
  return rows;
}
