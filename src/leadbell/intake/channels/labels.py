"""What senders call the parts of a lead, in English, Dutch, German and Russian."""

import re
from functools import lru_cache
from typing import NamedTuple

from leadbell.intake.inquiry import one_line

_LONGEST = 80


class Meaning(NamedTuple):
    """`part` of a lead, and whose: the customer's, the car's, the trade-in's … None where the label doesn't say."""

    part: str
    about: str | None = None


def listed(words: str) -> frozenset[str]:
    """A list of words as it stands on the page."""
    return frozenset(words.split())


def _longest_first(words: str) -> tuple[str, ...]:
    return tuple(sorted(words.split(), key=len, reverse=True))


_WORDS = {
    "first": """firstname first givenname given forename fname voornaam vorname prenom имя""",
    "middle": """middlename middle tussenvoegsel tussenvoegsels infix отчество""",
    "last": """lastname last surname familyname family lname achternaam familienaam nachname familienname zuname
        фамилия""",
    "full": """fullname full name naam uwnaam volledigenaam voorenachternaam naamklant kundenname vorundnachname
        vornamenachname vornameundnachname names contactperson contactpersoon contactpersonname contactname
        ansprechpartner ansprechperson firstandlastname firstlastname yourfullname фио имяифамилия фамилияимя
        полноеимя клиент контактноелицо clientname customer klant kunde interessent visitorname from van von от""",
    "company": """company companyname business businessname organisation organization employercompany bedrijf
        bedrijfsnaam firma firmenname firmanaam unternehmen компания организация названиекомпании""",
    "salutation": """salutation aanhef anrede gender geslacht geschlecht обращение title titel""",
    "email": """email emails emailaddresses emailaddress emailadres emailadress emailadr mail mailaddress mailadres
        mailadresse emailid emailadresse epost epostadres elektronischepost eaddress workemail businessemail
        companyemail useremail replyto contactemail emailofcustomer почта электроннаяпочта элпочта
        адресэлектроннойпочты электронныйадрес емейл имейл емайл""",
    "phone": """phone phonenumber phonenumbers phoneno phonenr phones telephones telephone telephonenumber
        telephoneno tel telno telnr telnumber telefoon telefoonnummer telefoonnr telefon telefonnummer
        telefonnr rufnummer rueckrufnummer terugbelnummer contactnumber contactnr contactnummer
        callbacknumber callback callernumber caller callerid phoneday phonedaytime daytimephone dayphone
        daytelephone eveningphone bestphone primaryphone userphone beller nummerbeller telefoonnummerbeller
        anrufer anrufernummer nummerdesanrufers msisdn number nummer телефон номертелефона контактныйтелефон
        тел номер номерзвонящего""",
    "mobile": """mobile mobilephone mobilenumber mobileno mobiletelephone mobilephonenumber cell cellphone
        cellphonenumber cellnumber cellular gsm gsmnummer mobiel mobielnummer mobielenummer mobieltje
        mobieletelefoon handy handynummer mobil mobilnummer mobiltelefon mobilfunknummer mobilfunk whatsapp
        telefoonmobiel telefoonnummermobiel telefonmobil telefonnummermobil phonemobile mobieltelefoonnummer
        mobieletelefoonnummer mobiltelefonnummer mobilephoneno phonecell мобильныйномер номермобильного
        whatsappnumber whatsappnummer smsnumber мобильный мобильныйтелефон сотовый сотовыйтелефон моб""",
    "home": """homephone homenumber hometelephone phonehome telefoonthuis thuisnummer telefoonprive festnetz
        telefonprivat privattelefon домашнийтелефон""",
    "work": """workphone worknumber worktelephone companyphone businessphone officephone phonework telefoonwerk
        zakelijknummer telefongeschaeftlich diensttelefon рабочийтелефон""",
    "fax": """fax faxnumber faxnummer факс""",
    "street": """street streetaddress streetname street1 street2 addressline addressline1 addressline2 address1 address2
        straat straatnaam strasse strassehausnummer strasseundhausnummer strasseundnummer straatenhuisnummer
        addressstreet улица""",
    "housenumber": """housenumber housenr houseno huisnummer huisnr hausnummer hausnr дом""",
    "postal": """postalcode postal postcode postcodes zip zipcode zippostalcode plz postleitzahl индекс
        почтовыйиндекс postnummer""",
    "city": """city town woonplaats plaats plaatsnaam stad ort stadt wohnort locality город населенныйпункт""",
    "region": """region regioncode state province provincie bundesland county область регион""",
    "country": """country countrycode land landcode страна""",
    "address": """address fulladdress homeaddress adres adresse anschrift wohnadresse адрес""",
    "make": """make makename brand brandname manufacturer merk automerk merkauto marke automarke hersteller марка
        маркаавто маркаавтомобиля""",
    "model": """model modelname modelauto modell modellname fahrzeugmodell модель модельавто модельавтомобиля
        modelofinterest""",
    "trim": """trim trimlevel version versie uitvoering variant variante ausstattung ausstattungslinie комплектация
        type_of_trim""",
    "year": """year modelyear yearmodel bouwjaar baujahr yearofconstruction constructionyear erstzulassungsjahr
        modelljahr год годвыпуска""",
    "vin": """vin vinnumber vincode chassisnumber chassisnummer fahrgestellnummer fin fahrzeugidentnummer винкод вин""",
    "stock": """stock stocknumber stockno stocknr stockid voorraadnummer voorraadnr lagernummer inventorynumber
        номерсклада""",
    "condition": """condition neworused newused newusedvehicle nieuwofgebruikt nieuwgebruikt neugebraucht
        neuodergebraucht conditiontype новыйилисбу""",
    "interest": """interest interesttype requesttype leadtype enquirytype inquirytype typeofrequest typeofenquiry
        soortaanvraag typeaanvraag aanvraagtype anfrageart artderanfrage anfragetyp типзаявки""",
    "car": """vehicle car auto voertuig fahrzeug wagen vehiclename cartitle vehicletitle vehicledescription
        interestedin interestedvehicle vehicleofinterest vehicleinterest carofinterest geinteresseerdin
        gewuenschtesfahrzeug wunschfahrzeug wunschauto gewensteauto interesseauto autovaninteresse listing listingtitle
        advert advertentie inserat fahrzeugtitel автомобиль авто машина интересующийавтомобиль makemodel makeandmodel
        merkenmodel merkmodel markemodell маркаимодель makemodelyear yearmakemodel""",
    "trade": """tradein trade tradeinvehicle tradeincar inruil inruilauto inruilvoertuig inzahlungnahme
        inzahlung inzahlungnahmefahrzeug partexchange px трейдин""",
    "message": """message messages comment comments customercomments remark remarks note notes body text content
        question questions yourmessage enquiry inquiry request description additionalinfo additionalinformation
        opmerking opmerkingen bericht vraag vragen toelichting boodschap aanvullendeinformatie aanvullendevragen
        nachricht mitteilung bemerkung bemerkungen kommentar frage fragen anfrage ihrenachricht anmerkung
        anmerkungen freitext сообщение комментарий комментарии вопрос текст текстсообщения примечание пожелания
        howcanwehelp howcanwehelpyou""",
    "asked_at": """requestdate requestedat requestdatetime createdat created createddate createdtime creationdate
        createdon dateadded datecreated submittedat submitted submittedon submissiondate submissiontime
        submittime leadsubmittime leaddate leadcreated leadcreateddate timestamp receivedat sentat senton entrydate
        aangemaakt aangemaaktop aanvraagdatum datumaanvraag ingezonden ingezondenop verzondenop
        erstelltam eingegangenam anfragedatum gesendetam датазаявки датасоздания времясоздания датаобращения
        tijdstipoproep calltime calldate callstart datumoproep""",
    "date": """date datetime datum datumtijd datumentijd time tijd tijdstip zeit zeitpunkt uhrzeit datumuhrzeit
        дата датаивремя время""",
    "provider": """provider providername source leadsource sourcename bron quelle herkunft portal portaal platform
        website site websitename channel kanaal origin источник сайт leadprovider""",
    "source_id": """leadid leadgenid leadnumber leadno leadnr leadnummer requestid requestnumber submissionid
        submissionno submissionnumber entryid messageid referenceid referencenumber reference referentie
        referentienummer referenz referenznummer aanvraagnummer aanvraagid anfragenummer anfrageid inquiryid
        enquiryid ticketid externalid externalreference uniqueid uuid номерзаявки номеробращения callid""",
    "id": """id""",
    "customer": """contact person lead leads consumer buyer client applicant shopper prospect visitor user
        customerdetails contactdetails customerinformation contactinformation contactinfo customerdata
        customerinfo personaldetails personalinfo personaldata yourdetails yourinformation sender
        klantgegevens contactgegevens gegevensklant persoonsgegevens gegevens persoonlijkegegevens uwgegevens
        kundendaten kontaktdaten kontakt ihredaten persoenlichedaten persoenlicheangaben koper kaeufer afzender absender
        данныеклиента контакты контактныеданные контакт покупатель заявка""",
    "vehicles": """vehicles cars autos voertuigen fahrzeuge automobile автомобили vehicledetails vehicleinfo
        vehicleinformation vehicledata cardetails autogegevens voertuiggegevens gegevensauto gegevensvoertuig
        fahrzeugdaten fahrzeuginformationen gewuenschtesfahrzeugdaten данныеавтомобиля ad item product productinfo""",
    "tradeins": """tradeins tradeinvehicles tradeindetails inruilgegevens inruilvoertuiggegevens
        gegevensinruilauto inzahlungnahmedaten""",
    "vendor": """dealer dealers dealership vendor vendors seller salesperson salesagent salesrep store branch showroom
        dealerdetails dealerinformation dealerinfo vendordetails sellerdetails recipient account owner assignedto
        assigned_to to cc bcc verkoper verkoperdetails vestiging filiaal autobedrijf dealergegevens
        gegevensdealer gegevensverkoper aanbieder haendler haendlerdaten autohaus verkaeufer anbieter filiale
        niederlassung empfaenger aan дилер дилерскийцентр продавец менеджер получатель автосалон салон
        called callednumber callee calleenumber dialed dialednumber dialled dediallednumber destination
        destinationnumber trackingnumber forwardnumber targetnumber bestemming gebeldnummer zielrufnummer
        zielnummer angerufenenummer support helpdesk customerservice klantenservice kundenservice kundendienst""",
    "may_contact": """consent contactconsent consenttocontact contactpermission permissiontocontact privacy
        privacypolicy privacyconsent privacyaccepted privacyagreement gdpr gdprconsent gdpragreement avg avgakkoord
        dsgvo dsgvoeinwilligung dataconsent dataprocessingconsent personaldataconsent tcpa tcpaconsent toestemming
        toestemmingcontact privacyakkoord privacyverklaring privacystatement akkoordprivacy einwilligung datenschutz
        datenschutzerklaerung datenschutzeinwilligung datenschutzakzeptiert согласие согласиенаобработку
        согласиенаобработкуданных согласиенаобработкуперсональныхданных обработкаперсональныхданных""",
    "may_market": """marketing marketingconsent marketingoptin marketingpermission optin optedin emailoptin smsoptin
        phoneoptin textoptin optinemail optinsms optinphone optinmarketing newsletter newsletteroptin newsletterconsent
        newslettersubscription subscribe mailinglist mailing nieuwsbrief nieuwsbriefaanmelding nieuwsbriefinschrijving
        toestemmingmarketing toestemmingnieuwsbrief newsletteranmeldung werbung werbeeinwilligung
        einwilligungwerbung рассылка подписканановости согласиенарассылку согласиенарекламу реклама""",
    "no_market": """optout optedout marketingoptout emailoptout smsoptout phoneoptout donotcall donotcallme dnc
        nomarketing unsubscribe unsubscribed afmelden geenreclame keinewerbung отписка""",
    "may_record": """recordingconsent consenttorecording consentrecording callrecording callrecordingconsent
        recordingallowed maybecallrecorded toestemmingopname opnametoestemming gespreksopname aufzeichnung
        einwilligungaufzeichnung согласиеназапись записьразговора""",
    "visitor": """leadbellvisitor""",
    "campaign": """campaign campaignname leadcampaign utmcampaign campagne campagnenaam kampagne kampagnenname
        кампания названиекампании рекламнаякампания""",
    "nothing": """csrf csrftoken csrfmiddlewaretoken token recaptcha grecaptcharesponse captcha captcharesponse
        hcaptcharesponse honeypot googlekey signature apiversion gclid fbclid gclidfield utmsource
        utmmedium utmterm utmcontent useragent ipaddress ip remoteip sessionid cookie formbuildid
        formid formname pageid adid adgroupid adsetid campaignid creativeid assetgroupid wpcf7 wpcf7version wpcf7unittag
        wpcf7locale wpcf7containerpost action submit formtoken formop honeypottime password apikey secret
        terms termsaccepted agree authorization ispublic hash checksum version_id
        success ok leadstage istest test""",
}  # fmt: skip

_CAR_PARTS = frozenset({"make", "model", "trim", "year", "vin", "stock", "condition", "interest", "car"})
_PERSON_PARTS = listed(
    "first middle last full company salutation email phone mobile home work fax street housenumber postal city "
    "region country address"
)
#: What a customer allows or forbids.
CONSENTS = listed("may_contact may_market no_market may_record")
_MEANT_WHATEVER_STANDS_BEFORE = _PERSON_PARTS | _CAR_PARTS | {"message"}
_OURS = listed(
    "dealer vendor seller sales store branch provider verkoper vestiging haendler autohaus verkaeufer recipient agent "
    "advisor adviseur employee medewerker mitarbeiter account owner assigned support garage showroom autobedrijf staff "
    "manager дилер продав менеджер салон сотрудник"
)
_ENDINGS = {
    "telefoonnummer": "phone", "telefonnummer": "phone", "phonenumber": "phone", "telephonenumber": "phone",
    "номертелефона": "phone", "emailaddress": "email", "emailadres": "email", "emailadresse": "email",
}  # fmt: skip
_ENDS = (
    *("required", "verplicht", "pflichtfeld", "optional", "optioneel", "ofcustomer", "vandeklant", "klant"),
    *("deskunden", "kunde", "клиента", "покупателя"),
)
_CAMEL = re.compile(r"(?<=[a-zа-я0-9])(?=[A-ZА-Я])")
_NOT_A_LETTER = re.compile(r"[\W_]+")
_SMALL_PRINT = re.compile(r"\([^()]{0,40}\)|\*")
_FOLDED = str.maketrans(
    {"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "ё": "е", "é": "e", "è": "e", "ë": "e", "ï": "i"}
)

_MEANINGS = {word.replace("_", ""): part for part, words in _WORDS.items() for word in words.split()}

_POLITE = listed(
    "whatisyour whatsyour watisuw watisje wieistihre wielautetihre whatisthe your uw jouw je ihr ihre mein the "
    "het de der die das ваш ваша ваше вашу укажите please enter preferred gewenste gewenst primary main best "
    "contact customer klant klanten kunde kunden client consumer lead user applicant visitor shopper buyer koper "
    "kaeufer person persoon prospect form field input sender caller interessenten besteller besucher "
    "contactpersoon afzender клиента покупателя контактный контактная kontakt aanvrager interessent anfragender"
)
_TRADE = _longest_first(
    "tradeinvehicle tradeincar tradein trade inruilauto inruil inzahlungnahme inzahlung partexchange px"
)
_CAR = _longest_first(
    "vehicleofinterest desiredvehicle vehicle car auto voertuig fahrzeug fahrzeugs автомобиля авто"
)
_VENDOR = _longest_first(
    "dealership dealer vendor seller salesperson salesagent salesrep sales store branch provider verkoper vestiging "
    "haendler autohaus verkaeufer recipient agent advisor employee account owner assigned продавца дилера "
    "менеджера support"
)


@lru_cache(maxsize=8192)
def meaning(label: str) -> Meaning | None:
    """What a label, a key or a column name stands for; None where nobody has told us."""
    word = folded(label)
    if not word:
        return None
    if part := _MEANINGS.get(word):
        return Meaning(part)
    return _about(word) or _without_politeness(word)


def sounds_like_ours(label: str) -> bool:
    """Whether a label is about the people who sell: their telephone is never the customer's."""
    word = folded(label)
    return any(ours in word for ours in _OURS)


@lru_cache(maxsize=8192)
def folded(label: str) -> str:
    """A label without case, accents, punctuation and brackets: `E-Mail-Adresse *` is `emailadresse`."""
    label = _SMALL_PRINT.sub("", label[:_LONGEST])
    return _NOT_A_LETTER.sub("", label.casefold().translate(_FOLDED))


def _about(word: str) -> Meaning | None:
    """A label that says whose part it is: trade_in_make, dealer_phone, vehicle_year."""
    for prefix in _TRADE:
        if word.startswith(prefix) and (part := _part(word[len(prefix) :])):
            return Meaning(part, "trade")
    for prefix in _VENDOR:
        if word.startswith(prefix):
            part = _part(word[len(prefix) :])
            if prefix == "provider" and part == "full":
                return Meaning("provider")
            if part in _PERSON_PARTS or part == "id":
                return Meaning("nothing", "vendor")
    for prefix in _CAR:
        if word.startswith(prefix):
            rest = word[len(prefix) :]
            part = "condition" if rest in ("status", "type") else _part(rest)
            if part in _CAR_PARTS:
                return Meaning(part, "vehicle")
            if part in ("id", "source_id"):
                return Meaning("number", "vehicle")
    return None


def _part(word: str) -> str | None:
    for prefix in ("", *_CAR):
        if word.startswith(prefix) and (part := _MEANINGS.get(word[len(prefix) :])):
            return part
    return None


def _without_politeness(word: str) -> Meaning | None:
    """The label without words of politeness before it and signs such as 1 or (required) after it."""
    word = word.rstrip("0123456789")
    for end in _ENDS:
        word = word.removesuffix(end)
    for _ in range(3):
        part = _MEANINGS.get(word)
        if part in _MEANT_WHATEVER_STANDS_BEFORE:
            return Meaning(part)
        prefix = max((polite for polite in _POLITE if word.startswith(polite)), key=len, default="")
        if not prefix:
            break
        if _MEANINGS.get(word[len(prefix) :]) == "id":
            return Meaning("nothing", "customer")
        word = word[len(prefix) :]
    return next((Meaning(part) for end, part in _ENDINGS.items() if word.endswith(end)), None)


def readable(label: str) -> str:
    """A label for people: `preferredContactTime` is `Preferred contact time`."""
    label = one_line(label[:_LONGEST]).strip(" :*")
    if " " not in label:
        words = _NOT_A_LETTER.sub(" ", _CAMEL.sub(" ", label)).split()
        label = " ".join(word if word.isupper() else word.lower() for word in words)
    return label[:1].upper() + label[1:]
