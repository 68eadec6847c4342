### Was auf den Seiten steht. Kurz, freundlich, in einfachem Deutsch.
### Ein Verwarnungsgeld ist ein Angebot: nichts hier klingt nach Forderung.

language-name = Deutsch
languages-label = Sprache
legal-label = Rechtliches
imprint = Impressum
privacy = Datenschutz
accessibility = Barrierefreiheit
page-title = { $title } – { $city }

## Beträge, Tage, Zeiten

amount = { $euros },{ $cents }{ "\u00A0" }€
date = { $day }.{ "\u00A0" }{ $month } { $year }
moment = { $date }, { $hour }:{ $minute }{ "\u00A0" }Uhr
january = Januar
february = Februar
march = März
april = April
may = Mai
june = Juni
july = Juli
august = August
september = September
october = Oktober
november = November
december = Dezember

## Der Fall

case-title = Der Fall
case-number = Aktenzeichen
fine = Verwarnungsgeld
plate = Kennzeichen
offence = Vorwurf
place = Ort
occurred-at = Zeit
check-word = Prüfwort
check-word-hint = Dasselbe Wort steht auf Ihrem Zettel neben dem QR-Code.
german-is-legal = Maßgebend ist der deutsche Text.

## Zahlen

payable-title = Verwarnungsgeld { $amount }
payable-due = Zahlbar bis { $date }
payable-late =
    Die Zahlungsfrist endete am { $date }. Sie können noch zahlen, solange die
    Stadt den Fall nicht abgegeben hat. Die Stadt entscheidet, ob Ihre Zahlung
    noch gilt. Der Fall kann inzwischen weitergehen.
voluntary =
    Die Zahlung ist freiwillig. Sie dürfen die Verwarnung ablehnen. Sie wird
    nur wirksam, wenn Sie einverstanden sind und den ganzen Betrag rechtzeitig
    zahlen. Mit der Zahlung nehmen Sie die Verwarnung an. Danach ist kein
    Einspruch mehr möglich.
pay-button = { $amount } mit PayPal bezahlen
pay-by-card = Sie können auch mit Karte ohne PayPal-Konto zahlen, wo PayPal das anbietet. Es kommen keine Kosten dazu.

transfer-title = Per Überweisung
transfer-words =
    Es zählt der Tag, an dem das Geld bei der Stadt ankommt. Bis Sie die Zahlung
    hier sehen, können einige Tage vergehen. Bitte zahlen Sie dann nicht noch
    einmal.
account-holder = Empfänger
iban = IBAN
bic = BIC
transfer-amount = Betrag
transfer-reference = Verwendungszweck

cash-title = Bar bei der Stadtkasse
cash-words = Bringen Sie bitte den Zettel oder das Aktenzeichen mit.
cash-address = Adresse
cash-hours = Öffnungszeiten

objection-title = Nicht einverstanden?
objection-how =
    Dann zahlen Sie bitte nicht. Schreiben Sie der Stadt, was dagegen spricht,
    und nennen Sie das Aktenzeichen. Die Adresse steht auf dem Zettel und im
    Impressum. Sie müssen sich nicht äußern.
objection-then =
    Die Stadt prüft den Fall. Sie kann ihn einstellen oder einen
    Bußgeldbescheid erlassen. Gegen einen Bußgeldbescheid können Sie Einspruch
    einlegen.

## Hinweise nach einem Versuch

paypal-unreachable =
    PayPal ist im Moment nicht erreichbar. Es wurde nichts abgebucht. Versuchen
    Sie es in ein paar Minuten noch einmal, oder zahlen Sie per Überweisung.
amount-changed =
    Der Betrag hat sich geändert: Jetzt sind es { $amount }. Es wurde nichts
    abgebucht. Bitte sehen Sie den Fall noch einmal an.
not-captured =
    Ihre vorige Zahlung bei PayPal hat nicht geklappt. Es wurde nichts abgebucht.
    Sie können es noch einmal versuchen.
closed =
    Die Online-Zahlung ist für kurze Zeit geschlossen. Jetzt wird hier nichts
    abgebucht. Haben Sie schon online gezahlt? Dann zahlen Sie bitte nicht noch
    einmal: Es geht nichts verloren. Sonst können Sie überweisen, bar zahlen
    oder es später noch einmal versuchen.
part-paid =
    Von { $fine } sind { $paid } schon bezahlt. Offen ist der Rest von { $rest }.
letter-on-its-way =
    Ein Schreiben zu diesem Fall ist unterwegs. Sie können trotzdem hier zahlen: Eine
    Zahlung vor { $moment } zählt noch, und das Schreiben braucht dann keine Antwort.
too-many-attempts =
    Es wurde nichts abgebucht. Für diesen Fall wurden schon fünf Zahlungen
    begonnen, die bei PayPal noch offen sind. Versuchen Sie es morgen noch
    einmal, oder zahlen Sie per Überweisung oder bar.

declined-title = Die Zahlung hat nicht geklappt
declined = Ihre Bank oder Karte hat die Zahlung abgelehnt. Es wurde nichts abgebucht.
cancelled-title = Zahlung abgebrochen
cancelled = Sie haben die Zahlung bei PayPal abgebrochen. Es wurde nichts abgebucht.
expired-title = Die Zeit bei PayPal ist abgelaufen
expired = Die Zahlung bei PayPal wurde nicht beendet. Es wurde nichts abgebucht.
not-paid-title = Noch nicht bezahlt
not-paid = Für diesen Fall ist hier noch keine Zahlung angekommen.
not-approved = Es wurde nichts abgebucht. Die Zahlung bei PayPal wurde nicht abgeschlossen.
retry-button = Noch einmal versuchen: { $amount } mit PayPal
other-ways = Andere Wege zu zahlen finden Sie auf Ihrem Zettel und wenn Sie den QR-Code noch einmal scannen. Dort steht auch, was Sie tun können, wenn Sie nicht einverstanden sind.

## Bezahlt

paid-title = Bezahlt
paid-closed = Die Verwarnung ist wirksam und der Fall ist abgeschlossen (§{ "\u00A0" }56 Abs.{ "\u00A0" }4 OWiG). Sie müssen nichts mehr tun.
receipt-title = Bescheinigung
receipt = Das ist Ihre Quittung: die Bescheinigung über die Verwarnung und die Zahlung (§{ "\u00A0" }56 Abs.{ "\u00A0" }3 OWiG). Sie können die Seite drucken oder speichern.
receipt-elsewhere = Ihre Quittung: Scannen Sie den QR-Code auf Ihrem Zettel noch einmal.
paid-at = Gezahlt am
paid-with = Gezahlt mit
paid-with-paypal = PayPal
paid-with-cash = Bargeld, Stadtkasse
paid-with-transfer = Überweisung
transaction = PayPal-Transaktion
paid-already = Dieser Fall war schon bezahlt.

## Gerade nicht zu zahlen

processing-title = Ihre Zahlung wird geprüft
processing = Bitte zahlen Sie nicht noch einmal. Die Prüfung dauert meist nur ein paar Sekunden.
processing-reload = Diese Seite lädt sich von selbst neu. Sie können sie auch schließen: Es geht nichts verloren.
processing-look = Jetzt nachsehen
awaited =
    Seit { $time } ist eine Zahlung mit PayPal unterwegs. PayPal hat uns noch
    nicht gesagt, ob sie geklappt hat. Bitte zahlen Sie nicht noch einmal. Bitte
    zahlen Sie auch nicht per Überweisung oder bar.
awaited-closed =
    Seit { $time } ist eine Zahlung mit PayPal unterwegs. Die Online-Zahlung ist
    gerade für kurze Zeit geschlossen: Die Zahlung geht danach von selbst weiter.
    Bitte zahlen Sie nicht noch einmal. Bitte zahlen Sie auch nicht per
    Überweisung oder bar.
awaited-then =
    Sie müssen nichts tun. Haben Sie rechtzeitig bei PayPal zugestimmt, dann ist
    die Zahlung rechtzeitig, auch wenn es hier länger dauert. Diese Seite lädt
    sich von selbst neu. Sie können sie auch schließen und später noch einmal
    nachsehen: Es geht nichts verloren.

pending-title = PayPal prüft die Zahlung
pending = PayPal hat das Geld noch nicht freigegeben. Das kann einige Tage dauern. Bitte zahlen Sie nicht noch einmal.
pending-then = Sie müssen nichts tun. Solange PayPal prüft, schickt die Stadt keinen Brief zu diesem Fall.

refused-title = Die Zahlungsfrist ist abgelaufen
refused = Die Frist endete am { $date }. Die Stadt nimmt für diese Verwarnung keine Zahlung mehr an. Bitte überweisen Sie auch nichts mehr.
refused-then = Die Stadt entscheidet, wie es weitergeht, und schreibt Ihnen. Haben Sie schon überwiesen? Dann warten Sie bitte ab: Die Stadt prüft jede Zahlung.

objected-title = Die Stadt prüft einen Einwand
objected = Zu diesem Fall liegt ein Einwand vor. Darum können Sie hier nicht zahlen. Bitte überweisen Sie auch nichts.
objected-then = Die Stadt prüft die Angaben und schreibt Ihnen. Sie kann den Fall einstellen oder einen Bußgeldbescheid erlassen. Gegen einen Bußgeldbescheid können Sie Einspruch einlegen.

withdrawn-title = Der Fall ist eingestellt
withdrawn = Die Stadt verfolgt diesen Fall nicht weiter. Bitte zahlen Sie nichts. Sie müssen nichts mehr tun.
withdrawn-then = Haben Sie schon gezahlt? Dann fragen Sie bitte die Stadt. Die Kontaktdaten stehen im Impressum.

handed-over-title = Hier ist keine Zahlung mehr möglich
handed-over = Die Stadt hat den Fall an die Bußgeldstelle abgegeben. Die Verwarnung können Sie nicht mehr annehmen. Bitte überweisen Sie auch nichts mehr.
handed-over-then = Sie bekommen Post. Darin steht, wie es weitergeht und was Sie tun können.

review-title = Die Stadt prüft diesen Fall
review = Im Moment können Sie hier nicht zahlen. Bitte zahlen Sie auch nicht auf anderem Weg.
review-then = Sie müssen nichts tun. Die Stadt meldet sich, wenn sie etwas von Ihnen braucht.

## Ohne Fall

unknown-title = Wir finden diesen Fall noch nicht
unknown = Ihr Zettel ist noch nicht bei uns angekommen, oder der Fall ist schon abgeschlossen. Es geht nichts verloren.
unknown-then = Versuchen Sie es in ein paar Stunden noch einmal, spätestens am nächsten Werktag. Bewahren Sie den Zettel bitte auf. Klappt es dann immer noch nicht, fragen Sie bitte die Stadt.

invalid-title = Dieser Code ist nicht gültig
invalid = Vergleichen Sie die Adresse oben im Browser genau mit der Adresse auf Ihrem Zettel. Zahlen Sie nirgendwo anders.
invalid-then = Stimmt die Adresse? Dann scannen Sie den Code bitte noch einmal. Sind Sie nicht sicher, ob der Zettel echt ist? Fragen Sie die Stadt. Suchen Sie die Telefonnummer selbst, nehmen Sie nicht die vom Zettel.

unavailable-title = Die Seite ist gerade nicht erreichbar
unavailable = Es geht nichts verloren. Bitte versuchen Sie es in einer Minute noch einmal.
unavailable-then = Haben Sie gerade gezahlt? Dann zahlen Sie bitte nicht noch einmal. Wir prüfen jede Zahlung.
