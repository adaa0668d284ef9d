"""What models say in place of a caption."""

from captioners._gates.words import Words, any_of

_SEEN = (
    r"(?:view|see|watch|process|analy[sz]e|access|describe|caption|provide|assist|help|fulfil|fulfill|comply"
    r"|generate|create|produce|identify|determine|discern|recogni[sz]e|interpret|open|play|answer|complete"
    r"|continue|discuss|engage|confirm|give|offer|make out|tell|write|respond|directly|actually|reliably"
    r"|accurately|currently|do that|do this|support|read|share|verify)"
)
_MEDIA = (
    r"(?:videos?|images?|clips?|pictures?|frames?|photos?|footage|files?|visual(?:s| content| media)?"
    r"|media|content)"
)
_ASKED = (
    r"(?:requests?|descriptions?|captions?|tasks?|videos?|images?|clips?|frames?|footage|prompt"
    r"|question|query)"
)
_CANNOT = r"(?:can(?:no|['’]?)t|can not|could not|couldn['’]t|won['’]t|will not|would not|must not)"
_I_AM = r"i(?:['’]m| am| was|['’]ve been| have been)"
REFUSAL = any_of(
    rf"i {_CANNOT} (?:be able to )?{_SEEN}",
    r"i(?:['’]m| am) (?:(?:so|very|really|truly|deeply) )?(?:sorry|afraid),? (?:but |that )?(?:i|this|the"
    r"|as|there|no)\b",
    rf"{_I_AM} (?:\w+ )?(?:unable|not able|not allowed|not permitted|not capable|incapable|not designed"
    r"|not equipped|not comfortable|not programmed|not in a position)",
    r"i (?:do not|don['’]t|did not|didn['’]t) (?:\w+ )?(?:have (?:the (?:ability|capability|capacity)"
    r"|access|enough"
    r"|sufficient|any (?:information|context|visual)|visual|real-time)|see (?:any|an?|the) (?:\w+ )?"
    rf"{_MEDIA}|receive|possess|feel comfortable|support)",
    r"i (?:must|have to|need to|will have to) (?:\w+ )?(?:decline|refuse)",
    r"i (?:would need|['’]d need|need) (?:to see|more (?:information|context|details)|access)",
    r"as an? (?:ai|artificial intelligence|(?:large )?language model|text[- ]based (?:ai|model|assistant))"
    r"(?: (?:language |text |vision |visual |assistant |based |chat )?(?:model|assistant|system|bot"
    r"|chatbot))?,? "
    r"(?:i\b|my\b|it is not possible|there is)",
    r"as an ai [^.,;]{1,60}, i (?:can|could|do|am|will|must|cannot)",
    r"as an? (?:ai language model|large language model|language model)",
    r"unable to (?:view|see|process|analy[sz]e|access|play|load|open|generate|provide|describe|determine"
    r"|caption"
    r"|fulfil|fulfill|complete|assist with)(?: (?:with|the|this|that|these|your|any|an?|my|content of"
    r"|contents of"
    r"|actual|provided|requested|specific|accurate|detailed|given|attached|uploaded|video"
    rf"|image)){{0,4}} (?:{_ASKED}|{_MEDIA})",
    r"(?:there (?:is|are|was|were) )?no (?:actual |valid )?(?:videos?|images?|frames?|visual content"
    r"|video content|media)"
    r"(?: (?:files?|clips?|content|frames?|data))? (?:(?:was|were|is|are|has been|have been) )?"
    r"(?:actually )?(?:provided|attached|uploaded|supplied|given|received|included|submitted|accessible)",
    r"please (?:provide|upload|share|attach|send|supply|try (?:again|another)|re-?upload|resubmit|describe"
    r"|let me know)",
    rf"(?:the|this|your|that) (?:provided |attached |uploaded )?{_ASKED}(?: file| content| data)? (?:is|are"
    r"|was|were"
    r"|has been|have been"
    r"|could not be|cannot be|can['’]?t be|couldn['’]t be|did not|didn['’]t|failed to|does not|may|might"
    r"|appears to be)"
    r" (?:not |been |be )?(?:available|provided|accessible|inaccessible|unavailable|load(?:ed|ing)?|processed"
    r"|analy[sz]ed|opened|displayed properly|blocked|flagged|in violation|corrupted|allowed|supported)",
    r"(?:violat\w{1,4}|against|breach(?:es)?|per|under|by|due to|conflicts? with|comply with|contravenes?)"
    r" (?:the |our |my |openai['’]?s? |these |certain |its )?(?:\w+ )?(?:content|usage|safety|community|use"
    r"|moderation"
    r"|ethical)(?: and \w+)? (?:polic(?:y|ies)|guidelines?|standards|rules|restrictions|filters?|concerns)",
    r"(?:content|usage|safety) polic(?:y|ies) (?:violation|prevents?|prohibits?|does not|do not|restricts?"
    r"|forbids?)",
    r"(?:this|the|your) (?:request|content|description|material) (?:violates|goes against|may violate"
    r"|cannot be"
    r"|is not (?:allowed|appropriate|permitted)|was (?:blocked|flagged)|has been (?:blocked|flagged|removed"
    r"|filtered))",
    r"(?:it is|it['’]s|it was|is|it would be) (?:not possible|impossible|inappropriate|not appropriate"
    r"|would be|unethical)(?: inappropriate)?(?: for me)? to"
    r" (?:\w+ )?(?:describe|provide|caption|generate|analy[sz]e|give|fulfil|fulfill|assist)",
    r"(?:not enough|insufficient|without (?:more|enough|sufficient|further|additional)"
    r"|lack of) (?:visual )?(?:information|context|data|access|detail)"
    r"(?: \w+){0,3} (?:describe|provide|determine|caption|generate|analy[sz]e|describing|caption)",
    r"without (?:seeing|viewing|access to|being able to (?:see|view|access)|watching)(?: (?:the|this|your"
    rf"|any|an?|actual)){{0,2}}"
    rf" {_MEDIA}[^.]{{0,40}}\b(?:i\b|not|cannot|impossible|unable)",
    r"(?:i(?:['’]d| would) be (?:happy|glad)|(?:i(?:['’]m| am) )?happy) to (?:help|assist|describe|try)",
    r"(?:my|our) apologies,? (?:but |for )?(?:i\b|the|this|any|as)",
    r"i apologi[sz]e,? (?:but |for |that |as )?(?:i\b|any|the|this|as|cannot|confusion)",
    r"(?:description|caption|summary) (?:is )?(?:not available|unavailable|could not be generated|withheld"
    r"|omitted)",
    r"(?:content|description|caption|response|output) (?:has been |was |is )?(?:blocked|filtered|withheld"
    r"|redacted|flagged)"
    r" (?:due to|because|for|by)",
    r"the (?:assistant|ai|ai model|language model) (?:did not|cannot|could not|was unable|is unable|refused"
    r"|declined)",
    # What the model will not do, in its own words.
    r"i(?:['’]m| am) (?:going to (?:have to )?|not going to |choosing (?:not )?to |forced to "
    r"|obliged to |required to )"
    r"(?:have to )?(?:describe|decline|refuse|pass|skip|refrain|provide|caption|stop|abstain|avoid"
    r"|comply|continue)",
    r"i(?:['’]m| am) (?:restricted|prohibited|forbidden|limited to|barred|trained (?:not )?to"
    r"|built (?:not )?to"
    r"|programmed|instructed|designed|only able|just an? (?:ai|language)|an? (?:ai\b|language model"
    r"|text-based))",
    r"i(?:['’]ve| have|['’]d| was| had)? (?:been )?(?:designed|trained|instructed|programmed|built|told"
    r"|asked|set up)"
    r" (?:not )?to (?:avoid|decline|refuse|be|not|refrain|describe|only)",
    r"i (?:would |['’]d )?(?:rather|prefer) not",
    r"i['’]d (?:rather|prefer) not",
    r"i(?:['’]ll| will| must| should| have to| need to| would have to| am going to)"
    r" (?:have to |need to |need |respectfully |therefore |kindly )?(?:pass on|pass|skip|refrain"
    r"|abstain|stop here"
    r"|stop|decline|refuse|leave it)(?= (?:this|that|the|from|on|here|to|at)\b|[.,;])",
    r"i (?:respectfully |politely |therefore |hereby )?(?:decline|refuse|refrain from|abstain from"
    r"|opt not) (?:to|this"
    r"|describ\w{1,5}|provid\w{1,5}|the|any|such)",
    r"i (?:lack|have no) (?:the )?(?:ability|access|means|capability|capacity|way|visual|information"
    r"|images?|frames?"
    r"|permission|authori[sz]ation)",
    r"i can only (?:process|assist|help|work|respond|handle|describe|provide|offer|read|see text|interpret)",
    r"i (?:do not|don['’]t) (?:feel (?:able|comfortable)|wish|want|think (?:it|i|that))",
    r"i (?:have|see|find) nothing to (?:describe|caption|work with|report)",
    r"(?:something|not something|nothing) (?:that )?i (?:can|am able to|['’]m able to|may|have been"
    r"|will|would|should)",
    r"(?:outside|beyond|exceeds?|not within|against|violates?|conflicts? with|under|per|due to"
    r"|because of|following)"
    r" (?:of )?my (?:\w+ )?(?:capabilit(?:y|ies)|abilit(?:y|ies)|scope|guidelines?|polic(?:y|ies)|programming"
    r"|training|principles|values|rules|instructions|limits|safety)",
    r"my (?:\w+ )?(?:guidelines|polic(?:y|ies)|programming|capabilities|safety (?:rules|policy"
    r"|guidelines)|instructions"
    r"|limitations) (?:do|does|prevent|prohibit|forbid|restrict|require|don['’]t|doesn['’]t|stop|allow"
    r"|are|is|mean)\w{0,2}",
    r"(?:content|usage|safety|community|moderation) (?:polic(?:y|ies)|guidelines?|rules?|standards?"
    r"|checks?|filters?)"
    r" (?:that )?(?:i|we)\b",
    r"(?:in line|in accordance|in keeping|to comply|consistent) with (?:the |my |our "
    r"|your )?(?:\w+ )?(?:content|usage"
    r"|safety|community|moderation|ethical|ethics) (?:polic(?:y|ies)|guidelines?|rules?|standards?)",
    # What it says to whoever asked.
    r"(?:could|can|would|will) you (?:please |kindly )?(?:provide|share|upload|send|attach|clarify"
    r"|describe|try|give"
    r"|supply|specify|re-?send|resubmit|tell me)",
    r"(?:rephrase|revise|modify|change|resubmit|try) (?:the|your|this|another|a different) (?:request"
    r"|prompt|question"
    r"|query|input)",
    r"please (?:contact|consult|talk to|speak to|seek|note that (?:i|this|the)|rephrase|choose|consider"
    r"|refer|check"
    r"|ensure|make sure|be aware|understand)",
    r"(?:suggest|recommend)(?:s|ing)? (?:choosing|using|trying|providing|selecting) (?:other|another"
    r"|a different)",
    r"(?:different|other|another|alternative) (?:video|clip|image|request|topic|question) (?:instead|or"
    r"|that)",
    # What a filter or a server says in its place.
    r"(?:request|prompt|query|input|output|response|generation|content) (?:was |has been |is "
    r"|were )?(?:blocked|denied"
    r"|rejected|refused|flagged|filtered|declined|terminated|moderated)(?= (?:by|due|because|as)\b|[:!])",
    r"(?:does|do|did) not pass (?:an? |the |our )?(?:content|safety|moderation|policy)",
    r"(?:safety|content|moderation) (?:system|filter|check|classifier|policy|layer) (?:has "
    r"|have )?(?:blocked|flagged"
    r"|rejected|refused|prevented|triggered|stopped|intervened)",
    r"(?:no|a|any|the|this) (?:\w+ )?(?:description|caption|summary|answer|response) (?:can|could|will"
    r"|shall|may)"
    r"(?: not|not)? be (?:given|provided|generated|produced|written|offered|made|created|shown)",
    r"(?:description|caption|summary|answer|response) (?:cannot|can['’]t|could not|couldn['’]t|will not"
    r"|won['’]t)"
    r" be (?:given|provided|generated|produced|written|offered|made|created|completed|displayed)",
    r"(?:content|material|video|clip|footage|image|scene)s? (?:that )?(?:cannot|can['’]t|could not"
    r"|must not|should not"
    r"|may not) be (?:described|captioned|analy[sz]ed|summari[sz]ed|processed|discussed|transcribed"
    r"|depicted)",
    r"no (?:visual |video |image |actual )?(?:material|input|content|media|data|attachment|video|image"
    r"|frames?)"
    r" (?:\w+ )?(?:came|arrived|was|were|is|are|has been|accompan\w+|could be) ?(?:with|received|found"
    r"|given|loaded"
    r"|provided|attached|supplied|present in|available|detected|accessed)?(?= (?:your|the|this|in|to"
    r"|with|for)\b|[.,;])",
    r"(?:nothing|no (?:image|video|frames?)) (?:to (?:describe|caption)|(?:was|were|is|are) (?:provided"
    r"|attached|shared))",
    r"unable to (?:comply|continue|help|answer|respond|assist|proceed)(?: (?:with|to|further|on|in))?"
    r"(?: (?:this|that|the|your|any))?(?: (?:request|instruction|task|prompt|query|question|description"
    r"|conversation)s?)",
    r"(?:describing|captioning|depicting|discussing) (?:\w+ ){0,8}(?:is|are) (?:not (?:permitted"
    r"|allowed|appropriate"
    r"|possible|something)|prohibited|forbidden|against|inappropriate)",
    r"(?:inappropriate|harmful|sensitive|explicit|prohibited|disallowed|unsafe) (?:content|material"
    r"|request)s?"
    r"(?: \w+){0,6} (?:cannot|can['’]t|not (?:allowed|able|permitted|appropriate)|declin\w+|refus\w+"
    r"|withheld|omitted)",
    r"the (?:\w+ )?(?:assistant|model|system|ai) (?:cannot|can['’]t|declines to|refuses to|must decline to"
    r"|will not|(?:is|was) (?:not|un)[- ]?(?:permitted|allowed|able|authori[sz]ed|willing)(?: to)?)"
    r" (?:comment on|describe|caption|discuss|depict|summari[sz]e|transcribe|comply|generate|continue with)",
    # Captions have no first person: one that will not, may not or would rather not is the model's.
    r"(?<!war )(?<!part )(?<!letter )(?<!the )i(?:['’](?:m|d|ll|ve))? (?:(?!(?:think|believe"
    r"|guess)\b)\w+ ){0,3}?(?:not|never|cannot|(?:ca|wo|do"
    r"|did|could|would|should|have|must)n['’]?t|unable|neither|refrain|regret|hesitate|refuse|decline"
    r"|avoid|omit|withhold"
    r"|apologi[sz]e|encourage|advise|urge|discourage|forbid|nothing)"
    r"(?! (?:sure|certain|entirely|quite|clear|know|tell|think|believe|see (?:how|why|whether|if|where"
    r"|what|when)"
    r"|hear)\b)",
    r"i am (?:bound|obliged|required) (?:by|to)|(?:could|may|might|can) i ask",
    r"as an? (?:\w+ )?(?:assistant|chatbot|ai model),? i\b",
    r"my (?:training|policy|rules|instructions|guidelines|knowledge|abilities|capabilities) (?:does|do|did"
    r"|is|are|forbids?"
    r"|prevents?|limits?|cannot|requires?)",
    r"(?:this|the|an?) (?:\w+ )?(?:ai|language|vision|ai vision|vision[- ]language) model (?:cannot"
    r"|can['’]?t|(?:is|was|does|has|may|must|will)(?: been)?"
    r" not)|this model (?:cannot|can['’]?t|(?:is|was|does|has|may|must|will)(?: been)? (?:not|unable"
    r"|trained))",
    r"(?:on|at|from) my (?:side|end)",
    r"we (?:cannot|can['’]?t|do not|don['’]t|are unable to|are not able to|will not|won['’]t) (?:support"
    r"|assist|help|process"
    r"|provide|describe|comply|caption|generate|answer|fulfil|discuss|continue)",
    r"(?:description|caption|answer|summary) would (?:not )?be (?:in)?appropriate|something went wrong"
    r"|let['’]s (?:talk"
    r"|discuss|move on|change)|please note\b",
    r"(?:input|file|upload|attachment) (?:seems|appears) to be (?:blank|empty|corrupt\w{0,2}|missing|black"
    r"|damaged)",
    r"no (?:footage|clips?|pictures?|photos?|files?) (?:came|arrived|was|were) (?:with|through|attached"
    r"|received|provided)",
    r"(?:forgot|forgotten|neglected) to (?:attach|upload|include|send)|(?:was|were) (?:sent|given|shown"
    r"|provided|attached"
    r"|made available) to me|i was (?:given|sent|shown|provided)",
    r"(?:awaiting|waiting for) (?:your|the|an?|further|more)? ?(?:uploads?|inputs?|images?|video|content"
    r"|instructions"
    r"|files?|clarification|attachment)",
    r"kindly (?:re-?send|send|upload|attach|share|provide|supply|try|note|rephrase|let)",
    r"(?:re-?send|re-?upload|send|upload|attach) (?:it|them|these|the \w{1,12}) (?:once more|again|anew|in)",
    r"your (?:message|upload|link|attachment|file|submission|input) (?:\w+ )?(?:contains?|did|does|has|is"
    r"|was|came|seems"
    r"|appears|could|cannot|failed)",
    # The law, good manners and a healthy life, instead of a caption.
    r"(?:infring\w{1,4}|violat\w{1,4}|breach\w{0,3}) (?:on |the |any |a |upon )?(?:\w+ )?(?:copyright\w{0,3}"
    r"|trademarks?|intellectual property|privacy|rights)",
    r"(?:protected|covered|restricted) by (?:\w+ )?(?:copyright|trademark|intellectual property"
    r"|privacy laws?)",
    r"copyright(?:ed)? (?:reasons|concerns|restrictions|material|content|laws?|protection|infringement"
    r"|issues|holders?)",
    r"(?:for|due to|because of|given|on|out of) (?:\w+ )?(?:privacy|legal|copyright|safety|ethical|moral"
    r"|policy)"
    r" (?:reasons|concerns|considerations|grounds|issues|restrictions),? (?:i\b|no|the|this|we|it|details"
    r"|and|some|such"
    r"|further)",
    r"(?:respect|protect|safeguard|preserve|uphold|violate|invade|infringe|honou?r|mindful of|respect for"
    r"|regard for"
    r"|concern for|concerns about) (?:on )?(?:the |everyone['’]?s? |people['’]?s |personal |individual "
    r"|their |his |her )?"
    r"(?:privacy|dignity|anonymity|identity|identities)(?: and \w{1,12})? of"
    r" (?:the |all |any |these )?(?:minors?|individuals?|persons?|people|those|anyone|everyone|children"
    r"|others)",
    r"(?:it is|it['’]s|we must|one must) (?:\w+ )?(?:important|essential|crucial|vital|necessary|best"
    r"|advisable) to"
    r" (?:always |be )?(?:respect\w{0,3}|protect|avoid|remember|treat|handle|mindful|careful|aware"
    r"|approach|seek|consult"
    r"|refrain|prioriti[sz]e|uphold|consider)",
    r"if you (?:or someone|are (?:struggling|affected"
    r"|feeling|in))"
    r"|(?:seek|get) (?:professional|medical|immediate|legal|expert) (?:help|advice|assistance)"
    r"|(?:emergency services|hotline|helpline|qualified professional|mental health professional)(?= ?[.,;]"
    r"| or\b| if\b"
    r"| at\b| in\b)",
    r"(?:it )?(?:would|is|was|may|might)(?: not|n['’]t) (?:be )?(?:right|appropriate|ethical|proper|okay"
    r"|suitable"
    r"|responsible|advisable|fair|acceptable) (?:for me |of me )?to (?:comment|describe|reproduce"
    r"|speculate|identify"
    r"|name|guess|share|provide|discuss|go|judge|say|caption|detail|reveal|elaborate|continue|assume)",
    r"no (?:further|more|other|additional) (?:details?|description|information|comment) (?:is|are|can be"
    r"|will be|shall be)"
    r" (?:given|provided|shared|offered|disclosed|added|written|mentioned|included)",
    r"(?:details?|descriptions?|content|caption|information|names?|identit(?:y|ies)) (?:has |have )?(?:is"
    r"|are|was|were|been)"
    r" (?:deliberately |intentionally |purposely |therefore )?(?:omitted|withheld|redacted|left out"
    r"|suppressed|censored)",
    r"(?:is|are|was|were) (?:deliberately |intentionally )?not (?:described|named|identified|captioned"
    r"|detailed|disclosed)"
    r"(?= ?[.,;]|$| (?:here|for|out|to|because|due|as)\b)",
    r"(?:content|trigger) warning:|(?:sensitive|explicit|graphic|restricted) (?:content|material)(?::"
    r"| (?:omitted|removed"
    r"|withheld|hidden))",
    # Questions to whoever asked.
    r"(?:would|do|did|are|could|can|will) you (?:like|want|have|mean|need|prefer|looking|be able|tell"
    r"|confirm|clarify)\b"
    r"[^.?!]{0,120}\?",
    r"(?:which|what|how|where)\b[^.?!]{0,80} (?:should i|can i|may i|shall i|would you|do you|you (?:would"
    r"|want|need))\b",
    r"je ne (?:peux|suis|vois)|ich (?:kann|darf|sehe)(?: \w+){0,4} (?:nicht|keine?)|non posso|não (?:posso"
    r"|consigo)",
    r"lo siento,? (?:pero )?no puedo",
    r"no puedo (?:ayudar|ver|describir|procesar)",
    r"je suis désolée?,? (?:mais )?je",
    r"es tut mir leid,? (?:aber )?ich",
    r"desculpe,? (?:mas )?(?:eu )?não posso",
)
"""What a model says when it describes nothing. Most are in the first person, which captions are not."""
NOT_LOADED = any_of(
    r"(?:pictures?|images?|frames?|videos?|clips?|files?|footage|attachments?|links?|uploads?|media|input"
    r"|photos?|none of"
    r" the (?:pictures|images|frames|files|videos|clips)) (?:that )?(?:(?:did not|didn['’]t|could not"
    r"|couldn['’]t"
    r"|failed to|have not|has not|hasn['’]t|haven['’]t|never) (?:be |been )?(?:load(?:ed)?|open(?:ed)?"
    r"|come through"
    r"|arrived?|render(?:ed)?|display(?:ed)?|process(?:ed)?|upload(?:ed)?|reach|attach(?:ed)?|decoded?"
    r"|read|received?"
    r"|retrieved?|viewed|accessed|shown)|(?:loaded|opened|arrived|came through|failed|was empty"
    r"|were empty) (?:on|at)"
    r" (?:my|this|our) (?:side|end))",
    r"(?:upload|transfer) (?:has |seems to have |appears to have )?failed",
)
"""The same of what the model was to see."""
IN_PERSON = any_of(
    # Hedges (`I would say`) are the other gate's.
    r"(?<!war )(?<!part )(?<!letter )(?<!the )i(?:['’](?:m|d|ll|ve)| (?:am|have|had|would|must|need|will"
    r"|shall))"
    r" (?!(?:now |also |only )?(?:think|believe|guess|say|describe|call|assume|suppose|suspect|infer|note"
    r"|sure|certain"
    r"|seeing|looking|watching|describing|see|seen|imagine|added|used|kept|written|been given|noticed"
    r"|observed|gladly"
    r"|happy|glad|try)\b)\w+",
)
"""In a field; around an answer without one, a model may well say that it has looked."""
DIALOGS = Words(
    r"\b(?:screens?|dialog(?:ue)?s?|(?<!your )messages?|windows?|pop-?ups?|laptops?|phones?|monitors?"
    r"|computers?|tablets?"
    r"|televisions?|progress bar|cursor|browser)\b"
)
"""Where files may fail to load in the scene."""
REFUSAL_START = Words(
    r"\W{0,5}(?:(?:cannot|can['’]?t|unable to|not able to|could not|refus(?:e|ing) to|declin(?:e|ing) to"
    r"|will not)"
    r" (?:\w+ )?(?:describe|provide|assist|view|process|analy[sz]e|access|see|identify|determine|generate"
    r"|comply"
    r"|fulfil|caption|help|answer)"
    r"|sorry,? (?:but )?(?:i\b|this|the (?:video|image|content|request)|can(?:no|['’]?)t|no video|unable"
    r"|we can(?:no|['’]?)t)"
    r"|(?:regrettably|unfortunately|sadly),? (?:(?:i|this|these|your|nothing|there|the (?:videos?|images?"
    r"|content"
    r"|request|model|pictures?|frames?|clips?|footage|files?|attachments?|links?|input|material)|no|it is"
    r"|describing"
    r"|my)\b)"
    r"|(?:apologies|i regret)\b"
    r"|(?:error|warning|refused|rejected|blocked|declined|denied)\b[:.!]"
    r"|(?:i['’]m |i am )?(?:so |very )?sorry[.!,]"
    r"|\[?(?:content|description|caption|response|output|video|image) (?:removed|blocked|redacted|withheld"
    r"|unavailable|filtered|not available)|对不起|抱歉|很抱歉|我无法|申し訳|죄송|извините)"
)
"""The same where a text begins with it."""
REFUSAL_SHOWN = any_of(
    rf"i(?:['’]m| am) (?:sorry|unable|not able)[^.]{{0,60}} (?:{_MEDIA}|assist|requests?|descriptions?)",
    rf"i {_CANNOT} (?:view|process|analy[sz]e|assist|describe|caption|access|provide|comply|identify"
    r"|(?:read|see|make out|find|discern|detect|recogni[sz]e) (?:the|any|some|this"
    r"|what the) (?:\w+ )?(?:text|words|letters"
    r"|writing|signs?|lettering|captions?)|determine|transcribe)",
    r"(?:i(?:['’]m| am) |^)(?:not able|unable|not in a position) to (?:read|see|make out|discern|identify"
    r"|extract|detect"
    r"|recogni[sz]e|transcribe|find|decipher|provide) (?:any|the|this|what|all|some|text)",
    r"i (?:do not|don['’]t) (?:see|find|detect) (?:any|the) (?:\w+ )?(?:text|words|letters|writing"
    r"|lettering)",
    r"(?:may|might|could) (?:contain|include|reveal) (?:personal|private|sensitive|confidential|copyrighted)"
    r" (?:information|data|details|content|material)",
    r"as an ai\b[^.]{0,40}\bi\b",
    r"unable to (?:process|view|analy[sz]e|access|determine|read|extract)(?: (?:the|this|any|all))?"
    r" (?:video|image|content|frames?|text)",
    r"please (?:provide|upload|attach) (?:the|a|an|your) (?:video|image|clip|frames)",
)
"""In `text_visible`, where a sign or subtitle may apologise, the model must speak of its task."""
