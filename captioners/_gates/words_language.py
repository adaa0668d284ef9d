"""The words that every text of a language is full of, and scripts."""

from captioners._gates.words import any_of, names

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "en": "the a an of in on at to is are was were and with by for from as it its his her their he she "
        "they"
        " that which who while into through over under near behind beside against across along toward towards"
        " around there this these those has have be being been or but then up down out off between before"
        " after during front other another one two each not no",
        "de": "der die das ein eine einen einem einer eines und ist sind mit auf im den dem des von zu zum "
        "zur"
        " für sich nicht auch aus bei nach über unter vor wird werden während neben durch wie er sie es ihre"
        " seine seiner ihrer hat haben",
        "fr": "le la les un une des du de et est sont dans avec sur sous pour par au aux en qui que se ses "
        "son"
        " sa leur il elle ils elles devant derrière vers près tandis ce cette ces pendant très d'un d'une",
        "es": "el la los las un una unos unas de del y es son en con por para al que se su sus lo está están"
        " mientras sobre desde hacia junto entre como muy frente detrás hay este esta",
        "it": "il lo la gli le un una uno di del della dei delle e è sono in con per su sul sulla nel "
        "nella al"
        " alla che si mentre da dal dalla verso tra davanti dietro suo sua loro questo questa",
        "pt": "o os as um uma uns umas de do da dos das e é são em no na nos nas com por para ao à que se seu"
        " sua enquanto sobre está estão entre muito frente atrás há pelo pela este esta",
        "nl": "de het een en is zijn van op met voor naar aan door bij uit over onder die dat terwijl wordt"
        " worden er ze hij haar hun naast achter tegen niet ook heeft te",
        "sv": "en ett och är som på i med av för till från den det de han hon sig medan vid under över inte"
        " har mot bakom genom",
        "pl": "w z na i do się jest są przez nad pod przed od po za jego jej ich oraz gdy który która "
        "które to"
        " nie obok",
        "tr": "bir ve bu ile için da de olan üzerinde içinde gibi çok ise yanında doğru arasında kadar",
        "id": "yang dan di ke dari dengan sebuah seorang untuk pada dalam adalah itu ini sedang saat oleh "
        "atas",
        "ro": "un o și este sunt în cu pe la de din pentru care se lui ei său sa iar spre lângă prin",
    }.items()
}
"""Words that every text of a language is full of: 32 to 58 % of 125 captions in English."""
SCRIPTS = {
    "zh": r"[\u3400-\u4dbf\u4e00-\u9fff]", "ja": r"[\u3040-\u30ff\u4e00-\u9fff]", "ko": r"[\uac00-\ud7af]",
    "ru": r"[\u0400-\u04ff]", "ar": r"[\u0600-\u06ff]", "hi": r"[\u0900-\u097f]", "th": r"[\u0e00-\u0e7f]",
    "el": r"[\u0370-\u03ff]", "he": r"[\u0590-\u05ff]",
}  # fmt: skip
"""Languages that are told by their script."""
WRITTEN = any_of(
    r"signs?",
    r"signage",
    r"texts?",
    r"reads?",
    r"reading",
    r"letter(?:s|ing)",
    r"subtitles?",
    r"captions?",
    r"characters?",
    r"logos?",
    r"banners?",
    r"labels?",
    r"kanji",
    r"hanzi",
    r"written",
    r"writing",
    r"words?",
    r"posters?",
    r"titles?",
    r"inscri\w{1,7}",
    r"billboards?",
    r"screens?",
    r"printed",
    r"watermarks?",
    r"script",
    r"symbols?",
    r"marked",
    r"says?",
    r"saying",
    r"calligraphy",
    r"stamped",
    r"named?",
    r"called",
)
"""A sentence with one of these may have the picture's own words without quotation marks."""
ROMANISED = {
    "hi": names(
        "hai hain ka ki ke ko se mein aur ek raha rahi rahe phir jabki wala wali yah woh uske apne "
        "saath neeche "
        "upar beech bhi nahi kar"
    ),
    "ja": names("no wa ga wo ni kara shite iru imasu sono kono soshite"),
}
"""Languages of other scripts in Latin letters: none of these words is English but by chance."""
