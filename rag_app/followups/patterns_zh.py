"""Chinese words that point at what was said, ask, or go on: one list for the gate's signs and for the rewriting."""

from __future__ import annotations

import re

CLASSIFIER = "个個些种種次样樣家本部座项項类類款条條位份场場篇台只支件套段句话話几两"
_IT = "它们|它們|它|牠"
_HE = "他们|他們|她们|她們|他|她(?!们)|对方|對方|本人"
_HERE = "这里|這裡|那里|那裡|里面|裡面|其中|当地|當地|这儿|那儿"
_QUESTION_WORDS = (
    "怎么样|怎麼樣|怎么办|怎麼辦|怎么|怎麼|怎样|怎樣|如何|为什么|為什麼|为啥|为何|什么时候|什麼時候|什么|什麼|多长时间|多久|多少|"
    "多长|多大|多高|多远|多重|多[^个種]|几[^个乎]?|幾|哪[一个個些里裡儿年种種位家天部本款]*|谁|誰|何时|何|啥|是否|是不是|有没有|"
    "有沒有|能不能|可不可以|会不会|要不要"
)
_FORMER = "前者|后者|後者"
_GO_ON = "还有|還有|另外|然后|然後|所以|但是|可是|不过|不過"

# What stands for something else, by kind.
POINTERS = {
    "it": re.compile(f"{_IT}|本身"),
    "he": re.compile(_HE),
    "this": re.compile(
        rf"[这這][{CLASSIFIER}]?|[该該](?![不怎如去找由用从在给向往算按送罚归回])|此(?!外)|上述|上面|前述|刚才|剛才"
    ),
    "that": re.compile(rf"那(?:之|以|年|时|時|天|边|邊|里|裡|儿|[{CLASSIFIER}])"),
    "there": re.compile(_HERE),
    "item": re.compile(
        rf"{_FORMER}|两者|兩者|二者|其他|其它|其餘|其余|另一|另外|别的|別的|剩下|余下|前[一两几二][个個種种位项項条條]|"
        r"后[一两几][个個種种位项項条條]|上一|下一|"
        r"第[一二三四五六七八九十两][个個种種步条條项次点點类]?(?=[的呢？?是能会要有在怎什叫做不说，]|$)|"
        r"^最后一[个個種种条條项項步][^\u3400-\u9fff]*$|哪[一]?[个個种]更|一样|相同|同样"
    ),
}
_NOT_POINTER = "应该|應該|因此|此外|彼此|吉他|从此|如此|由此|活该|当该|马耳他|维他命|他汀|利他"
NOT_POINTER = re.compile(f"{_NOT_POINTER}|其他他|其他人|其它人|他人")
NOT_REPLACEABLE = re.compile(f"{_NOT_POINTER}|其他|其它|那么|那麼")
# "零信任架构这个词", "同时算一次和二次的那段绕组": what is meant stands right before
APPOSITION = re.compile(rf"(?<=[^，。？！、：；\s])(?:[这這那][{CLASSIFIER}](?=[\u3400-\u9fff])|这名字|這名字)")
# A pronoun in whose place its antecedent can stand.
REPLACEABLE = re.compile(
    rf"{_IT}|{_HE}|(?:这|這|那|该|該|此|上述)(?:一?[{CLASSIFIER}]|)(?=[^，。？是就也有])|这|這|那(?=是|会|要|还|也|有|能)"
)
PERSON = re.compile("[他她]们?|[他她]們")
PLACE_OR_TIME = re.compile(rf"^(?:{_HERE}|之后|之後|之前|后来|後來|当时|當時|那时候?|以后|以前|期间)")
THEN = r"那么|那麼|那(?![些种種个個边邊里裡年天时時家位本部条條场場之以])"
OPENING = re.compile(rf"^(?:好的?|嗯+|哦|噢|谢谢|謝謝|明白了?|{THEN}|{_GO_ON})[，,、\s]*(?=.{{2}})")
BEGINNING = re.compile(
    rf"^(?:{_GO_ON}|此外|除此|除了|后来|後來|但|如果|要是|假如|万一|而且|而|并且|再|也|具体|具體|又|同样|同樣|反过来|反之|换成|"
    r"換成|只|就|之后|之後|之前|(?:以前|以后|以後)(?!的)|当时|當時|接着|其次|最后|最後|前[一两几]|后[一两几]|結果|结果|否则|否則|不然|比如|"
    r"例如|有没有别|还|還|仍|违反|超过|超出|逾期|到期|过期)"
)
BEGINS_WITH_THEN = re.compile(rf"^(?:{THEN})|^(?:好的?|嗯|哦)[，,]")
QUESTION_WORD = re.compile(f"{_QUESTION_WORDS}|吗|嗎|呢")
BEGINS_WITH_QUESTION_WORD = re.compile(f"^(?:{_QUESTION_WORDS})")
MORE = re.compile(
    r"详细|詳細|具体|具體|多说|展开|說說|说说|举例|舉例|例子|还有(吗|嗎|什么|哪些|别的)|更多|继续|為什麼呢|为什么呢|什么意思|讲讲"
)
ONLY_MORE = re.compile(
    r"^(请|能|能不能|可以|再|麻烦)*(再)?(说|讲|介绍|解释)?(得)?(详细|具体|多|清楚|展开|仔细)(说|讲|介绍|解释|一点|一些|点|一下|"
    r"说说|讲讲|吗|呢|的|[，,？?。!！])*$"
    r"|^(还有(吗|呢|什么|别的吗|其他的吗)?|举个?例子?.{0,4}|比如(说)?(呢)?|例如(呢)?|继续(说)?|然后呢|还有呢)[？?。]*$"
)
# "名片呢", "PostgreSQL 的呢": a noun asked for as something else was
ONLY_NE = re.compile(r"^[^，。？?吗]{1,16}呢[？?。！]?$")
ALSO = re.compile(r"也.{0,8}[吗嗎][？?]?$|^也|也一样|也是")
# "跟金丝雀部署相比有什么缺点", "--hard 有什么区别": one of two things is named
COMPARED_WITH_ONE = re.compile(
    rf"^(?:{THEN})?(?:跟|和|与|與|同)[^，]{{1,14}}(?:比|区别|區別|不同|差别|差別|一样|哪个)[^，]*$"
    r"|^[^和跟与與、]{0,14}有(?:什么|什麼|啥|何)(?:区别|區別|不同|差别|差別)"
)
# "那海关呢，多久出结论": as before, but for a noun that is named first
BEGINS_WITH_NE = re.compile(r"^[^，。？?]{1,12}呢，")
ENDS_WITH_NE = re.compile(r"呢[？?。！]?$")
CONDITION_ONLY = re.compile(r"(的话|的時候|的时候|也是|也行|呢|没有)[？?]?$")
# "跟四号线在哪里换乘": the other of the two is left out
BEGINS_BESIDE_ONE = re.compile(r"^(那么?)?[跟和与同比](?!.*[和跟与])")
# "换一根要多少钱": the noun is left out
COUNTED = re.compile(
    r"(?<!第)[一两二三四五几这那\d][个根张条片台件只把份页种款本座支套扇辆颗块包瓶袋节枚粒](?![\u3400-\u9fff]{0,1}[人月号])"
    r"(?=$|[，？?]|要|多|怎|能|可|会|是|有|在|得|需|够|大|花|就|都|也)"
)
WHICH_ONE = re.compile(r"哪一?[个個种種些款项項位家][？?]?$|哪一?[个個种種]更")
# One of several things that were said.
ITEM = re.compile(
    rf"({_FORMER}|第([一二三四五])(?:个人|[个個种種条項项类類步点]|)(?!.*第)|最后一?[个個种种条项]|"
    r"前一[个個种種类类]|后一[个個种種类类])(的?)"
)
# Asks at all; asks with these words, between which a run of other words may repeat what was said.
ASKS = re.compile(r"[吗嗎呢？?]$|怎|什|啥|谁|誰|哪|几|幾|多|如何|何|是否|是不是|有没有|能不能|吧")
ASKING = re.compile(
    r"怎么|怎麼|怎样|如何|为什么|什么|什麼|哪里|哪个|哪些|哪|谁|誰|多少|多久|多长|几|吗|嗎|呢|可以|需要|是否|有没有|"
    r"[，。？?、\s]"
)
ONLY_WHY = re.compile(
    r"^(为什么|為什麼|为啥|为何|怎么会|怎么回事|原因呢?|原因是什么|什么原因)(呢|啊|这样|会这样|不行|不能)?[？?。]*$"
)
BEGINS_WITH_AUXILIARY = re.compile(
    r"^(能|可以|会|會|要|需要|有|是|没有?|沒有?|不|应|應|得|用|算|最|在|由|被|从|從|对|對|给|給|向|按|到|写|找|支持)"
)
# A name or a rare word is asked for its meaning; of the second kind, any word.
DEFINITION = re.compile(
    r"(^什么是|^什麼是|^什么叫|^什麼叫|^介绍|是怎么回事|做什么用|是什么|是什麼|是啥|指什么|指的是|定义|定義|什么意思|是谁|是誰|"
    r"是做什么|干什么|有什么用|学名|简称|全称)"
)
WHAT_IS = re.compile(r"^(什么是|什么叫|何为|何谓)|是什么意思|指什么|指的是什么|的(定义|含义)是")
QUOTED = re.compile(r"《[^》]*》|「[^」]*」|“[^”]*”")
