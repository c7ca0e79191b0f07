# perl main.pl KEY.pem AUDIENCE METHOD TARGET BODY-FILE ASSERTION UNIX-SECONDS [TYP] ("-" as BODY-FILE: there is no raw body)
use strict;
use warnings;
use FindBin;
require "$FindBin::Bin/paygate_verify.pl";

sub content {
    my ($name) = @_;
    return undef if $name eq '-';
    open my $file, '<:raw', $name or die "$name: $!\n";
    local $/;
    return scalar <$file> // '';
}

my ($key, $audience, $method, $target, $body, $assertion, $now, $typ) = @ARGV;
my $claims = eval { paygate_verify($key, $audience, $method, $target, content($body), $assertion, $now, $typ) };
if (!$claims) {
    print STDERR $@;
    exit 1;
}
binmode STDOUT, ':encoding(UTF-8)';
print "$claims->{jny} $claims->{sbm} $claims->{pay}{amount} $claims->{pay}{ref}\n";
