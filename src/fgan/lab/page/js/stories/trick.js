// What the paper's trick (the non-saturating loss) really follows: the h with h'' = f''/u.
// Seeds 0 and 1, 300 steps: KL with the trick 100% left like reverse KL (its own KL: 15); KL without it 72% / 28%.

import { panel, percent, racer } from "lab/stories/figures.js";
import { short } from "lab/parts.js";

const plain = (name) => racer(name, "saturating");
const RACE = {
  target: "blobs", depth: 0, penalty: "r1+r2", gamma: 0.01, n_critic: 3, lr: 0.003, critic_lr: 0.003,
  members: [racer("kl"), plain("kl"), plain("reverse-kl")],
};
const OTHERS = { ...RACE, members: [racer("pearson"), plain("kl"), racer("gan")] };
const FOLLOWS = ".panel-follows";

const side = (one) => `${percent(one.shares[0])} / ${percent(one.shares[1])}`;

export default {
  title: { en: "What the trick really follows", zh: "论文的技巧实际跟随什么" },
  about: {
    en: "The non-saturating loss is the default almost everywhere. It changes the divergence.",
    zh: "非饱和损失几乎处处是默认选项，但它换掉了散度。",
  },
  steps: [
    {
      start: RACE,
      look: [`${panel(1)} ${FOLLOWS}`, `${panel(2)} ${FOLLOWS}`],
      text: {
        en: "A generator should minimize the bound, through the term with f*. Early on that gradient is weak, so the paper (section 3.2) has it maximise the other term, the output g(V) on its samples. Panels 1 and 2 are both KL: the first with this trick, the second without. Panel 3 is reverse KL without it.",
        zh: "生成器本应通过含 f* 的一项来最小化下界。训练初期这个梯度很弱，所以论文（3.2 节）改为最大化另一项，即样本上的输出 g(V)。前两个面板都是 KL：第一个用了这个技巧，第二个没有。第三个是不用技巧的反向 KL。",
      },
      wait: { steps: 300 },
      found({ members: [trick, own, reverse] }) {
        const like = trick.shares[1] < 0.05 && own.shares[1] > 0.15 && reverse.shares[1] < 0.05;
        const figures = `${side(trick)}, ${side(own)}, ${side(reverse)}`;
        return {
          en: `Samples left / right: ${figures}.`,
          zh: `样本左 / 右的份额：${figures}。`,
          claim: [like, "KL with the trick gives up the right blob like reverse KL; KL without it covers both.", "用技巧的 KL 像反向 KL 一样放弃了右边一团；不用技巧的 KL 覆盖两团。"],
        };
      },
    },
    {
      look: [panel(1), panel(2)],
      text: {
        en: "Why: at the best critic the exact gradient weighs a sample by w = u²f″(u), with u = p/q. The trick weighs it by w/u. That is the exact gradient of another divergence h, with h″ = f″/u. From f = u log u this makes h = −log u: reverse KL.",
        zh: "原因：判别器最优时，精确梯度给样本的权重是 w = u²f″(u)，其中 u = p/q。技巧的权重是 w/u，这恰是另一个散度 h 的精确梯度，h″ = f″/u。由 f = u log u 得 h = −log u，即反向 KL。",
      },
      wait: { steps: 30 },
      found({ members: [trick, own] }) {
        return {
          en: `The exact KL now: ${short(trick.exact)} with the trick, ${short(own.exact)} without.`,
          zh: `此刻 KL 的精确值：用技巧为 ${short(trick.exact)}，不用为 ${short(own.exact)}。`,
          claim: [trick.exact > 1.5 * own.exact, "The first does not even try to make it small.", "前者根本没有去减小它。"],
        };
      },
    },
    {
      start: OTHERS,
      look: [`${panel(1)} ${FOLLOWS}`, panel(1)],
      text: {
        en: "Pearson χ² with the trick follows KL: h″ = 2/u. So panel 1 (pearson with the trick) should end like panel 2 (kl without).",
        zh: "用技巧的 Pearson χ² 实际跟随 KL：h″ = 2/u。所以面板 1（用技巧的 pearson）应当与面板 2（不用技巧的 kl）一样。",
      },
      wait: { steps: 600 },
      found({ members: [pearson, kl] }) {
        const like = pearson.shares[1] > 0.15 && kl.shares[1] > 0.15;
        const figures = `${side(pearson)} (${short(pearson.spread[0], 2)}), ${side(kl)} (${short(kl.spread[0], 2)})`;
        return {
          en: `Samples left / right, and spread: ${figures}.`,
          zh: `样本左 / 右的份额与标准差：${figures}。`,
          claim: [like, "Both cover both blobs.", "二者都覆盖了两团。"],
        };
      },
    },
    {
      look: [`${panel(3)} ${FOLLOWS}`, panel(3)],
      text: {
        en: "And the original GAN? With the trick it does not follow Jensen–Shannon, as often said, but softened reverse KL: KL(m‖p) up to a factor, where m is the average of data and model. It leans towards seeking.",
        zh: "原始 GAN 呢？用了技巧，它跟随的并不是常说的 Jensen–Shannon，而是软化的反向 KL：相差一个系数的 KL(m‖p)，其中 m 是数据与模型的平均。它偏向逐峰。",
      },
      wait: { steps: 30 },
      found({ members, follows }) {
        const gan = members[2];
        return {
          en: `The lab says: gan follows ${follows[2]}. Samples left / right: ${side(gan)}.`,
          zh: `程序显示：gan 实际跟随 ${follows[2]}。样本左 / 右：${side(gan)}。`,
          claim: [gan.shares[1] < 0.05, "It has given up the right blob. To train on a chosen divergence in spite of the trick, set “follow” of a member.", "它放弃了右边一团。想指定真正跟随的散度，请设置成员的“跟随”。"],
        };
      },
    },
  ],
};
