"""How models speak of the pictures they were given, of themselves and of their task."""

from captioners._gates.words import Words, any_of

_PICTURES = (
    r"(?:frames|images|stills|still (?:images|frames|pictures)|pictures|photos|photographs|screenshots"
    r"|snapshots|keyframes)"
)
_PICTURE = (
    r"(?:frame|image|still|still (?:image|frame|picture)|picture|photo|photograph|screenshot|snapshot"
    r"|keyframe)"
)
_VIDEO = r"(?:video|clip|footage|recording)(?: clip| sequence| segment| snippet)?"
_GIVEN = r"(?:provided|given|supplied|available|submitted|uploaded|attached|shared|sampled|extracted|shown)"
_IN_TURN = (
    r"(?:consecutive|successive|sequential|subsequent|following|preceding|previous|later|earlier|remaining"
    r"|initial|final|first|last|early|middle|provided|given|supplied|sampled|input|selected|extracted"
    r"|attached"
    r"|uploaded|individual|available)"
)
_TELLS = (
    r"(?:do(?:es)? not|don['’]t|doesn['’]t|cannot|can['’]t|suggests?|indicates?|impl(?:y|ies)|reveals?"
    r"|shows?|depicts?|captures?|displays?|features?|presents?|illustrates?|portrays?|conveys?|confirms?)"
)
OF_PICTURES = any_of(
    # `as shown in image 5`, `picture 3`, `(image 2)`
    rf"(?:as|that|which|when) (?:\w+ )?(?:is |are |was |were |can be )?(?:shown|seen|depicted|visible"
    rf"|pictured"
    rf"|observed|captured) (?:in|by|across|throughout) (?:(?:the|this|these|all|each|every) )?(?:\w+ )?"
    rf"(?:{_PICTURES}|{_PICTURE}|{_VIDEO})",
    rf"(?:in|by|at|from|to|until|between|and|see|than|after|before) {_PICTURE}s? #?\d{{1,4}}",
    rf"{_PICTURES} (?:\d{{1,3}}|one) (?:to|through|and|–|-) (?:\d{{1,3}}|\w+)",
    # `by the last image provided`, `in next image`
    rf"{_IN_TURN} (?:{_PICTURE}|{_PICTURES}) (?:that (?:is|was|were) )?(?:provided|supplied|sampled)"
    r"(?! (?:by|to|on|for|at|with)\b)",
    rf"in (?:next|last|first|final|previous|second|third) {_PICTURE}",
    # `the images provided`, `only still images are given`
    rf"(?:the|these|those|all|only|just|few|which) (?:\w+ )?{_PICTURES} (?:(?:that )?(?:are|were"
    rf"|have been) )?"
    r"(?:provided|given|supplied|available|submitted|uploaded|sampled|extracted)",
    rf"(?:the|these|those) (?:\w+ )?{_PICTURES} (?:\w+ly )?{_TELLS}",
    rf"(?:in|across|over|between|from|throughout|through|by|among|based on|within) (?:all |both |any "
    rf"|some |most )?"
    rf"(?:of )?(?:the |these |those |its )?(?:\w+ )?{_IN_TURN} (?:few |two |three |several |couple of )?"
    rf"{_PICTURES}",
    r"in the (?:first|second|third|fourth|fifth|sixth|next|previous|final|last) (?:image|picture|still"
    r"|screenshot)",
    rf"(?:the|these|those|all|some|many|most|few) (?:few )?(?:consecutive|successive|sequential|subsequent"
    rf"|following|preceding|previous|provided|given|supplied|sampled|input|attached|uploaded) {_PICTURES}",
    rf"{_PICTURES} (?:of|in|from) (?:the|this) (?:series|sequence|set|{_VIDEO})",
    r"(?:sequence|series|set|collection|succession|progression|batch|handful|selection) of (?:\w+ ){0,2}"
    r"(?:frames|images|stills|still (?:images|frames|pictures)|screenshots|snapshots)",
    rf"(?:change|changes|difference|differences|variation|movement|motion|progression|transition|comparison)"
    rf" (?:\w+ )?(?:between|across|from|among|over|throughout) (?:the |these |all |each |any )?(?:\w+ )?"
    rf"(?:{_PICTURES}|{_PICTURE} to {_PICTURE})",
    r"(?:between|across|throughout|among) (?:all |both )?(?:of )?(?:the|these|those) (?:\w+ )?"
    r"(?:images|stills|screenshots|snapshots)",
    r"(?:only|just|mere|single|from a|based on) (?:a )?(?:few )?(?:still|static|single) (?:images?|frames?"
    r"|pictures?|photos?) (?:is|are|was|were|do|does|cannot|can)",
    r"(?:next|previous|following|preceding|subsequent|final|last|first|second|third|fourth|fifth|sixth)"
    r" (?:image|picture|still|screenshot|frame) (?:has|shows?|depicts?|finds?|sees?|reveals?|captures?|puts?"
    r"|brings?|is|was|features?|displays?|presents?|includes?|contains?)",
)
"""Pictures in a row, told as what was given and not as things that hang or lie somewhere."""
OF_FRAMES_IN_TIME = any_of(
    r"(?:in|by|from|during|until|within|over|across|for|at|through|throughout) (?:the |its "
    r"|these )?(?:very )?"
    r"(?:first|initial|opening|early|earlier|middle|later|last|final|closing|subsequent|following|remaining"
    r"|next|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|preceding|previous)"
    r"(?: (?:few|two|three|four|five|several|couple of|half of the|set of|part of the))? frames?",
    r"(?:next|previous|following|preceding|subsequent|final|last|first|second|third|fourth|fifth|sixth)"
    r" frames? (?:has|have|shows?|depicts?|finds?|sees?|reveals?|captures?|puts?|brings?)",
    r"(?:in|by|at) (?:the |this )?frames? (?:at|around|near|from|taken at|#) ?\d{1,4}",
    r"(?:across|throughout|between|through|over|among) (?:all |both |most )?(?:of )?(?:the|these|those)"
    r" (?:\w+ )?frames(?= ?[,.;]|(?: \w+){0,3}$| (?:he|she|it|they|as|and|while|is|are|suggest|the|a)\b)",
    r"frames?[ -](?:to|by)[ -]frame(?![ -]animat)",
    r"frames? (?:\d{1,4}|one)(?: ?(?:to|through|and|–|-) ?\d{1,4})?",
    r"(?:most|half|majority|all|some|several|many|few|none|each|any|one|rest) of the frames",
    r"(?:video|sampled|consecutive|successive|sequential|provided|given|supplied|extracted) frames?",
)
"""Frames that follow one another: not those of glasses, doors or paintings."""
OF_TIME = any_of(
    rf"(?:\d{{1,3}}|few|two|three|four|five|six|ten|several) seconds? (?:into|of) (?:the|this) {_VIDEO}",
    r"(?:at|around|by|near|until|after|before) (?:the |about )?(?:\d{1,2}:)?\d{1,2}:\d{2} (?:mark|timestamp"
    r"|time ?stamp|into|in the)",
    r"(?:at|around|by|near|past) (?:the |about the )?(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine"
    r"|ten)[- ](?:seconds?|minutes?)[- ]mark",
    r"(?:at|around) (?:the )?(?:timestamp|time ?stamp|time ?code)s? (?:of )?\d{1,4}",
    r"(?:\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|few) seconds in(?= ?[,.;])",
)
OF_A_VIDEO = any_of(
    r"(?:(?:part|half|mid|quarter)[- ]?(?:of the )?way|three quarters) through (?:the|this) (?:video|clip"
    r"|footage)",
    r"(?:the|this|that) (?:video|clip|footage) (?:(?:that )?(?:is|was) )?(?:provided|supplied)(?! (?:to|by|on"
    r"|for|with)\b)",
    r"(?:the|this) (?:video|clip|footage) (?:\w+ )?(?:does not|doesn['’]t|never|cannot|can['’]t) (?:shows?"
    r"|reveals?|makes? (?:it )?clear|tells?|includes?|depicts?|captures?|indicates?)",
)
"""The video that the caption is of."""
OF_THE_MODEL = any_of(
    # Whoever speaks of `we` counts the reader in; people who speak are quoted.
    r"(?-i:[Ww]e)(?:['’](?:re|ve|ll|d))? [a-z]+",
    r"(?:behind|before|around|towards?|past|puts?|putting|places?|placing|keeps?|makes?|pulls?|carr(?:y|ies)"
    r"|transports?|immerses?|invites?|inviting) (?-i:us)(?= ?[,.;]|$| (?:as|to|in|into|on|right|with|and"
    r"|at|close|an?"
    r"|the|from|through|inside|feel|think)\b)",
    r"you (?:(?:can|could|may|will|might) )?(?:see|notice|observe|hear|spot|glimpse)",
    r"we(?:['’]re| are) (?:shown|given|presented|introduced|taken|looking|seeing|led)",
    r"(?:shows?|gives?|giving|takes?|taking|brings?|bringing|offers?|offering|lets?|letting|allows?|allowing"
    r"|leads?|draws?|drawing|tells?|presents?|introduces?|reminds?|showing|leading) (?-i:us)",
    r"(?:draw|capture|guide|direct|hold|lead|attract)(?:s|ing)? our (?:\w+ )?(?:attention|eyes?|gaze|focus)",
    r"our (?:point of view|viewpoint|perspective|view|vantage)",
    r"i (?:think|believe|assume|guess|suppose|suspect|would say|would describe|would guess|am (?:not )?"
    r"(?:sure|certain)|infer|note|perceive|notice|observe|can (?:only )?(?:see|tell|observe|infer|say))",
    r"i['’]m (?:not )?(?:sure|certain|seeing|looking at)",
    r"(?:user|you) (?:has |have |had )?(?:supplied|provided|uploaded|attached|submitted|shared|sent|gave"
    r"|asked for|requested|mentioned)",
    r"(?:supplied|provided|uploaded|attached|submitted|shared|sent|given|requested) by (?:the user|you)",
    r"thank(?:s| you) for (?:the|your|sharing|providing|sending|uploading) (?:\w+ )?(?:material|videos?"
    r"|images?|clips?"
    r"|frames?|footage|request|question|message|understanding|patience|submission|this|these)",
    r"if you (?:would like|['’]d like|like|want|wish|need|have|can|could|prefer|provide|share|upload"
    r"|describe|let me),?"
    r"[^.;]{0,60} (?:i\b|i['’](?:ll|d|m|ve)|let me|please|feel free|me)",
    r"(?:let me know|feel free to|reach out (?:to (?:me|us)|if|for (?:help"
    r"|assistance|support))|is there anything else|how (?:can|may) i (?:help|assist)"
    r"|i hope this helps)",
    r"i(?:['’]ll| will| would|['’]d| can| could) (?:gladly|be happy|be glad|happily|instead|try|do my best)",
    r"(?:based on|from|judging (?:by|from)|according to|given) (?:the |any )?(?:visual|visuals|visible"
    r"|available|pictorial"
    r"|image|video)(?: (?:evidence|cues?|clues?|information|content|context|details?|elements?|data))",
    r"(?:what|the next thing|all that) (?:that )?(?:is|was|are) (?:being )?(?:shown|depicted|presented)"
    r"|the next thing (?:shown|seen|visible)",
    r"(?:your|the user['’]?s?) (?:request|prompt|query|instructions?|question)",
    r"as (?:you )?(?:requested|instructed|asked)(?= ?[,.;:])",
    r"(?:this|the following|the above|my) (?:dense |short |detailed )?(?:caption|description|summary)",
    r"(?:caption|description|answer|response) (?:above|below|is based on|was generated|follows|has to|must)",
    r"(?:according to|based on|per|given|consistent with) (?:the )?(?:(?:provided|measured|supplied|given"
    r"|detected|technical|camera|sensor|motion|listed) )+(?:facts?|evidence|data|metadata|measurements?"
    r"|information|analysis|hints?|details|values?)",
    r"(?:the|by|from) (?:measured facts|measurements? (?:of|says?|shows?|suggests?|indicates?)|metadata"
    r"|ocr|optical flow)",
    r"(?:cannot|can['’]t|can not|could not|couldn['’]t) be (?:determined|inferred|verified|established"
    r"|confirmed"
    r"|told|identified|discerned) (?:from|based on|with certainty|on the basis)",
    r"(?:difficult|hard|impossible|not possible) to (?:tell|determine|say|know|infer|verify|confirm)"
    r"(?: \w+){0,4} (?:from|based on|with certainty|without (?:more|further|additional|audio|sound|context))",
    r"(?:it is|it['’]s|it remains) (?:unclear|uncertain|unknown|not clear) (?:from|whether|if|what|who"
    r"|why|how)"
    r"[^.]{0,60} (?:images?|frames?|pictures?|video|clip|footage|stills?|provided|given|context|visuals?)",
)
"""A model that speaks of itself, of whoever asked, of what it was told, and of all that it could not tell."""
PICTURE = any_of(_PICTURES, _PICTURE, r"key-?frames?")
THINGS = Words(
    r"\b(?:hang(?:s|ing)?|hung|walls?|gallery|galleries|exhibit\w{0,6}|museums?|albums?|scrapbooks?|easels?"
    r"|photographers?|x-?rays?|scans?|mri|ultrasound|slide ?shows?|collages?|polaroids?|prints?|pinned|taped"
    r"|desk(?:top)?|portfolio|magazines?|newspapers?|darkroom|negatives|contact sheet|photo ?booth|shutter"
    r"|gallery app|brochure|catalogue|drawn|draws|drawings?"
    r"|paint(?:s|ed|ing|ings)|chalk|crayons?|sketch\w{0,3})\b"
)
"""In one sentence with pictures: these are things."""
SLIDES = any_of(
    r"slide[- ]?shows?",
    r"(?:the|each|every|next|last|new|of|through|these|his|her|their|lecture|holiday) slides?",
    r"slides? (?:projector|carousel|viewer)",
    r"projectors?|projected|projects|lectur\w{1,4}|presentations?|presenters?|carousels?",
    r"swip(?:es|ing)|scroll(?:s|ing)|(?:flip|leaf|click|flick|thumb|brows)(?:s|es|ing)? through",
    r"flash ?cards?|(?:photo|picture) (?:book|album|viewer)|digital (?:photo )?frame|view-?finder",
)
"""Anywhere in a text with pictures: one picture follows another in the scene itself."""
FRAMES_AS_THINGS = Words(
    r"\b(?:hives?|beehives?|(?:ten-?)?pins"
    r"|bees?|beekeepers?|honeycombs?|bowl(?:s|ing|ers?)|frame of the (?:game|match)"
    r"|snooker|billiards|ten-?pin"
    r"|film ?strips?|comics?|storyboards?|carpenters?|carpentry|joiners?|scaffold\w{0,4}|greenhouse|loom"
    r"|(?:picture|photo|door|window|bed|metal|wooden|climbing|bike|bicycle|steel|timber|wood|glass|empty"
    r"|gilded"
    r"|ornate|embroidery)[- ]?frames?|animators?|editors?|editing|timeline|framers?|opticians?|eyewear"
    r"|light ?table|flip ?book|film reel)\b"
)
"""Where frames are things, even in a row."""
