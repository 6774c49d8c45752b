"""Which API versions Kubernetes has deprecated and removed, and what to write instead.

From Kubernetes' own lifecycle declarations (k8s.io/api, apiextensions-apiserver and kube-aggregator, v0.31 and v0.37)
and, for what has left those, its deprecation guide: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple


class Retired(NamedTuple):
    """Deprecated and removed in which minor versions (0: not yet), and the API to write instead ('' when none is)."""

    deprecated: int
    removed: int
    instead: str


# group/version             deprecated, removed, instead (a version of the same group, or another's, :kind; - none)
_TABLE = """
extensions/v1beta1                     8 16 apps/v1               DaemonSet Deployment ReplicaSet
extensions/v1beta1                     9 16 networking.k8s.io/v1  NetworkPolicy
extensions/v1beta1                    10 16 -                     PodSecurityPolicy
extensions/v1beta1                    14 22 networking.k8s.io/v1  Ingress
apps/v1beta1                           8 16 v1                    ControllerRevision Deployment
apps/v1beta1                           8 16 v1                    ReplicaSet StatefulSet
apps/v1beta2                           9 16 v1                    ControllerRevision DaemonSet
apps/v1beta2                           9 16 v1                    Deployment ReplicaSet
apps/v1beta2                           9 16 v1                    StatefulSet
batch/v2alpha1                         8 21 v1                    CronJob
batch/v1beta1                         21 25 v1                    CronJob
autoscaling/v2beta1                   22 25 v2                    HorizontalPodAutoscaler
autoscaling/v2beta2                   23 26 v2                    HorizontalPodAutoscaler
policy/v1beta1                        21 25 v1                    PodDisruptionBudget
policy/v1beta1                        21 25 -                     PodSecurityPolicy
policy/v1beta1                        22 25 v1                    Eviction
networking.k8s.io/v1beta1             19 22 v1                    Ingress IngressClass
networking.k8s.io/v1alpha1            30 33 v1                    IPAddress ServiceCIDR
networking.k8s.io/v1beta1             34 37 v1                    IPAddress ServiceCIDR
rbac.authorization.k8s.io/v1alpha1    17 22 v1                    ClusterRole ClusterRoleBinding Role RoleBinding
rbac.authorization.k8s.io/v1beta1     17 22 v1                    ClusterRole ClusterRoleBinding Role RoleBinding
apiextensions.k8s.io/v1beta1          16 22 v1                    CustomResourceDefinition
apiregistration.k8s.io/v1beta1        19 22 v1                    APIService
admissionregistration.k8s.io/v1beta1  16 22 v1                    MutatingWebhookConfiguration
admissionregistration.k8s.io/v1beta1  16 22 v1                    ValidatingWebhookConfiguration
admissionregistration.k8s.io/v1alpha1 29 32 v1                    ValidatingAdmissionPolicy
admissionregistration.k8s.io/v1alpha1 29 32 v1                    ValidatingAdmissionPolicyBinding
admissionregistration.k8s.io/v1beta1  31 34 v1                    ValidatingAdmissionPolicy
admissionregistration.k8s.io/v1beta1  31 34 v1                    ValidatingAdmissionPolicyBinding
admissionregistration.k8s.io/v1alpha1 35 38 v1                    MutatingAdmissionPolicy MutatingAdmissionPolicyBinding
admissionregistration.k8s.io/v1beta1  37 40 v1                    MutatingAdmissionPolicy MutatingAdmissionPolicyBinding
authentication.k8s.io/v1beta1         19 22 v1                    TokenReview
authentication.k8s.io/v1alpha1        29 32 v1                    SelfSubjectReview
authentication.k8s.io/v1beta1         30 33 v1                    SelfSubjectReview
authorization.k8s.io/v1beta1          19 22 v1                    LocalSubjectAccessReview SelfSubjectAccessReview
authorization.k8s.io/v1beta1          19 22 v1                    SelfSubjectRulesReview SubjectAccessReview
certificates.k8s.io/v1beta1           19 22 v1                    CertificateSigningRequest
certificates.k8s.io/v1alpha1          34 37 v1                    ClusterTrustBundle
certificates.k8s.io/v1beta1           37 40 v1                    ClusterTrustBundle PodCertificateRequest
coordination.k8s.io/v1beta1           19 22 v1                    Lease
coordination.k8s.io/v1alpha1          34 37 v1beta1               LeaseCandidate
coordination.k8s.io/v1alpha2          35 38 v1beta1               LeaseCandidate
coordination.k8s.io/v1beta1           36 39 -                     LeaseCandidate
scheduling.k8s.io/v1beta1             14 22 v1                    PriorityClass
storage.k8s.io/v1beta1                19 22 v1                    CSIDriver StorageClass VolumeAttachment
storage.k8s.io/v1beta1                17 22 v1                    CSINode
storage.k8s.io/v1alpha1               21 24 v1                    VolumeAttachment CSIStorageCapacity
storage.k8s.io/v1beta1                24 27 v1                    CSIStorageCapacity
storage.k8s.io/v1alpha1               32 35 v1                    VolumeAttributesClass
storage.k8s.io/v1beta1                34 37 v1                    VolumeAttributesClass
discovery.k8s.io/v1beta1              21 25 v1                    EndpointSlice
events.k8s.io/v1beta1                 22 25 v1                    Event
node.k8s.io/v1beta1                   22 25 v1                    RuntimeClass
flowcontrol.apiserver.k8s.io/v1beta1  23 26 v1                    FlowSchema PriorityLevelConfiguration
flowcontrol.apiserver.k8s.io/v1beta2  26 29 v1                    FlowSchema PriorityLevelConfiguration
flowcontrol.apiserver.k8s.io/v1beta3  29 32 v1                    FlowSchema PriorityLevelConfiguration
resource.k8s.io/v1alpha3              36 39 v1                    DeviceTaintRule
resource.k8s.io/v1beta2               39 42 v1                    DeviceTaintRule
resource.k8s.io/v1beta1               35 38 v1                    DeviceClass ResourceClaim
resource.k8s.io/v1beta1               35 38 v1                    ResourceClaimTemplate ResourceSlice
resource.k8s.io/v1beta2               36 39 v1                    DeviceClass ResourceClaim
resource.k8s.io/v1beta2               36 39 v1                    ResourceClaimTemplate ResourceSlice
storagemigration.k8s.io/v1alpha1      33 36 v1                    StorageVersionMigration
storagemigration.k8s.io/v1beta1       37 40 v1                    StorageVersionMigration
v1                                    33  0 discovery.k8s.io/v1:EndpointSlice Endpoints
v1                                    19  0 -                     ComponentStatus
"""

# When each minor version came out: the tags of k8s.io/api.
_RELEASED = (
    "8:2017-09 9:2017-12 10:2018-03 13:2018-12 14:2019-03 16:2019-09 17:2019-12 19:2020-08 21:2021-04 22:2021-08 "
    "23:2021-12 24:2022-05 25:2022-08 26:2022-12 27:2023-04 28:2023-08 29:2023-12 30:2024-04 31:2024-08 32:2024-12 "
    "33:2025-04 34:2025-08 35:2025-12 36:2026-04 37:2026-08"
)


@cache
def _retired() -> dict[tuple[str, str], Retired]:
    found: dict[tuple[str, str], Retired] = {}
    for line in _TABLE.strip().splitlines():
        version, deprecated, removed, instead, *kinds = line.split()
        group = version.rpartition("/")[0]
        if group and "/" not in instead:
            instead = "" if instead == "-" else f"{group}/{instead}"
        for kind in kinds:
            found[version, kind] = Retired(int(deprecated), int(removed), instead.strip("-").replace(":", " "))
    return found


def retired(api_version: str, kind: str) -> Retired | None:
    """What became of an API; None when it is not known to be deprecated."""
    return _retired().get((api_version, kind))


def minor(version: str) -> int:
    """The 37 of `1.37`."""
    return int(version.split(".")[1])


def release(number: int) -> str:
    """`1.25 (2022-08)`: a minor version and the month it came out, where it has."""
    months = dict(each.split(":") for each in _RELEASED.split())
    month = months.get(str(number))
    return f"1.{number} ({month})" if month else f"1.{number}"
