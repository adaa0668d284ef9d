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
    r"lo siento,? (?:pero )?no puedo",
    r"no puedo (?:ayudar|ver|describir|procesar)",
    r"je suis désolée?,? (?:mais )?je",
    r"es tut mir leid,? (?:aber )?ich",
    r"desculpe,? (?:mas )?(?:eu )?não posso",
)
"""What a model says when it describes nothing. Most are in the first person, which captions are not."""
REFUSAL_START = Words(
    r"\W{0,5}(?:(?:cannot|can['’]?t|unable to|not able to|could not|refus(?:e|ing) to|declin(?:e|ing) to"
    r"|will not)"
    r" (?:\w+ )?(?:describe|provide|assist|view|process|analy[sz]e|access|see|identify|determine|generate"
    r"|comply"
    r"|fulfil|caption|help|answer)"
    r"|sorry,? (?:but )?(?:i\b|this|the (?:video|image|content|request)|can(?:no|['’]?)t|no video|unable"
    r"|we can(?:no|['’]?)t)"
    r"|(?:regrettably|unfortunately),? (?:(?:i|this|the (?:video|image|content|request|model)|no|it is"
    r"|describing"
    r"|my)\b)"
    r"|(?:error|warning|refused|rejected|blocked|declined|denied)\b[:.!]"
    r"|(?:i['’]m |i am )?(?:so |very )?sorry[.!,]"
    r"|\[?(?:content|description|caption|response|output|video|image) (?:removed|blocked|redacted|withheld"
    r"|unavailable|filtered|not available)|对不起|抱歉|很抱歉|我无法|申し訳|죄송|извините)"
)
"""The same where a text begins with it."""
REFUSAL_SHOWN = any_of(
    rf"i(?:['’]m| am) (?:sorry|unable|not able)[^.]{{0,60}} (?:{_MEDIA}|assist|requests?|descriptions?)",
    rf"i {_CANNOT} (?:view|process|analy[sz]e|assist|describe|caption|access|provide|comply|identify"
    r"|read the text|determine|transcribe)",
    r"(?:may|might|could) (?:contain|include|reveal) (?:personal|private|sensitive|confidential|copyrighted)"
    r" (?:information|data|details|content|material)",
    r"as an ai\b[^.]{0,40}\bi\b",
    r"unable to (?:process|view|analy[sz]e|access|determine|read|extract)(?: (?:the|this|any|all))?"
    r" (?:video|image|content|frames?|text)",
    r"please (?:provide|upload|attach) (?:the|a|an|your) (?:video|image|clip|frames)",
)
"""In `text_visible`, where a sign or subtitle may apologise, the model must speak of its task."""
