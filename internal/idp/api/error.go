package api

import (
	"errors"
	"fmt"
	"net/http"
)

// Kind names an exception of the service, as clients see it in __type.
type Kind string

// The exceptions of the service.
const (
	AccessDenied                  Kind = "AccessDeniedException"
	AliasExists                   Kind = "AliasExistsException"
	CodeDeliveryFailure           Kind = "CodeDeliveryFailureException"
	CodeMismatch                  Kind = "CodeMismatchException"
	ConcurrentModification        Kind = "ConcurrentModificationException"
	DeviceKeyExists               Kind = "DeviceKeyExistsException"
	DuplicateProvider             Kind = "DuplicateProviderException"
	EnableSoftwareTokenMFA        Kind = "EnableSoftwareTokenMFAException"
	ExpiredCode                   Kind = "ExpiredCodeException"
	FeatureUnavailableInTier      Kind = "FeatureUnavailableInTierException"
	Forbidden                     Kind = "ForbiddenException"
	GroupExists                   Kind = "GroupExistsException"
	InternalError                 Kind = "InternalErrorException"
	InvalidLambdaResponse         Kind = "InvalidLambdaResponseException"
	InvalidOAuthFlow              Kind = "InvalidOAuthFlowException"
	InvalidParameter              Kind = "InvalidParameterException"
	InvalidPassword               Kind = "InvalidPasswordException"
	InvalidUserPoolConfiguration  Kind = "InvalidUserPoolConfigurationException"
	LimitExceeded                 Kind = "LimitExceededException"
	MFAMethodNotFound             Kind = "MFAMethodNotFoundException"
	ManagedLoginBrandingExists    Kind = "ManagedLoginBrandingExistsException"
	NotAuthorized                 Kind = "NotAuthorizedException"
	PasswordHistoryPolicy         Kind = "PasswordHistoryPolicyViolationException"
	PasswordResetRequired         Kind = "PasswordResetRequiredException"
	PreconditionNotMet            Kind = "PreconditionNotMetException"
	RefreshTokenReuse             Kind = "RefreshTokenReuseException"
	ResourceNotFound              Kind = "ResourceNotFoundException"
	ScopeDoesNotExist             Kind = "ScopeDoesNotExistException"
	SoftwareTokenMFANotFound      Kind = "SoftwareTokenMFANotFoundException"
	TermsExists                   Kind = "TermsExistsException"
	TierChangeNotAllowed          Kind = "TierChangeNotAllowedException"
	TooManyFailedAttempts         Kind = "TooManyFailedAttemptsException"
	TooManyRequests               Kind = "TooManyRequestsException"
	Unauthorized                  Kind = "UnauthorizedException"
	UnexpectedLambda              Kind = "UnexpectedLambdaException"
	UnsupportedIdentityProvider   Kind = "UnsupportedIdentityProviderException"
	UnsupportedOperation          Kind = "UnsupportedOperationException"
	UnsupportedTokenType          Kind = "UnsupportedTokenTypeException"
	UnsupportedUserState          Kind = "UnsupportedUserStateException"
	UserImportInProgress          Kind = "UserImportInProgressException"
	UserLambdaValidation          Kind = "UserLambdaValidationException"
	UserNotConfirmed              Kind = "UserNotConfirmedException"
	UserNotFound                  Kind = "UserNotFoundException"
	UserPoolAddOnNotEnabled       Kind = "UserPoolAddOnNotEnabledException"
	UserPoolTagging               Kind = "UserPoolTaggingException"
	UsernameExists                Kind = "UsernameExistsException"
	WebAuthnChallengeNotFound     Kind = "WebAuthnChallengeNotFoundException"
	WebAuthnClientMismatch        Kind = "WebAuthnClientMismatchException"
	WebAuthnConfigurationMissing  Kind = "WebAuthnConfigurationMissingException"
	WebAuthnCredentialUnsupported Kind = "WebAuthnCredentialNotSupportedException"
	WebAuthnNotEnabled            Kind = "WebAuthnNotEnabledException"
	WebAuthnOriginNotAllowed      Kind = "WebAuthnOriginNotAllowedException"
	WebAuthnRelyingPartyMismatch  Kind = "WebAuthnRelyingPartyMismatchException"

	// Of the protocol, before any operation runs, and of whatever the operation is.
	ServiceUnavailable    Kind = "ServiceUnavailable"
	UnknownOperation      Kind = "UnknownOperationException"
	Serialization         Kind = "SerializationException"
	MissingAuthentication Kind = "MissingAuthenticationTokenException"
	IncompleteSignature   Kind = "IncompleteSignatureException"
	InvalidSignature      Kind = "InvalidSignatureException"
	UnrecognizedClient    Kind = "UnrecognizedClientException"
)

// Error is what an operation answers when it refuses: a kind and the text that clients may match on.
type Error struct {
	Kind    Kind
	Message string
	Reason  string // reasonCode of InvalidParameter; mostly ""
}

func (e *Error) Error() string { return string(e.Kind) + ": " + e.Message }

// Errorf makes an Error.
func (k Kind) Errorf(format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// Is says whether err is an Error of this kind.
func (k Kind) Is(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == k
}

// status is the HTTP status on the wire: 400 for all that is the caller's fault, whatever newer models say.
func (e *Error) status() int {
	switch e.Kind {
	case InternalError:
		return http.StatusInternalServerError
	case ServiceUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}
