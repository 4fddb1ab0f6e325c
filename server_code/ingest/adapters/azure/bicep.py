"""What ``setup`` creates, with least privileges, as a Bicep template; sends no request.

Only the queues' names are written out; namespace, storage account and identities are parameters.
"""

from __future__ import annotations

from string import Template

from ...ports.queues import MAX_RECEIVES
from ...settings import QueueSettings
from .provision import DUPLICATE_WINDOW_SECONDS, READER_LOCK_SECONDS, WORK_LOCK_SECONDS

#: Azure Service Bus Data Sender and Data Receiver, which includes dead letters:
#: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/integration
#: Storage Blob Data Contributor and Data Reader:
#: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage
_ROLES = {
    "sender": "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    "receiver": "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
    "blobContributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "blobReader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
}

_HEAD = """\
// Runstream: namespace, queues, container for large logs, and least privileges.
@description('Name of the Service Bus namespace: SERVICEBUS_NAMESPACE.')
param namespaceName string
@description('Standard takes messages of 256 KB, Premium of 1 MB.')
@allowed(['Standard', 'Premium'])
param sku string = 'Standard'
param location string = resourceGroup().location
@description('Object id of the identity of the collector.')
param collectorPrincipalId string
@description('Object id of the identity of the consumers. Empty: none.')
param readerPrincipalId string = ''
@description('Storage account for logs that exceed one message. Empty: none.')
param storageAccountName string = ''
@description('Days after which a log is removed from the container.')
param logRetentionDays int = 90
var hasAccount = !empty(storageAccountName)

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: namespaceName
  location: location
  sku: { name: sku, tier: sku }
  properties: { minimumTlsVersion: '1.2' }
}
"""

_ROLE = Template("""\
var $role = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '$id')
""")

_QUEUE = Template("""
resource $symbol 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: '$name'
  properties: {
    lockDuration: 'PT${lock}S'
    maxDeliveryCount: $deliveries
    requiresDuplicateDetection: $detects_duplicates
    duplicateDetectionHistoryTimeWindow: 'PT${window}S'
    deadLetteringOnMessageExpiration: true
  }
}
""")

_GRANT = Template("""
resource $symbol 'Microsoft.Authorization/roleAssignments@2022-04-01' = if ($condition) {
  name: guid($scope.id, $principal, $role)
  scope: $scope
  properties: { roleDefinitionId: $role, principalId: $principal }
}
""")

_STORAGE = """
resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = if (hasAccount) {
  name: hasAccount ? storageAccountName : 'unused'
  location: location
  sku: { name: 'Standard_LRS' }
  kind: 'StorageV2'
  properties: {
    allowBlobPublicAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = if (hasAccount) {
  parent: account
  name: 'default'
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = \
if (hasAccount) {
  parent: blobs
  name: 'runstream-logs'
}

resource retention 'Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01' = \
if (hasAccount) {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'remove-logs'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['runstream-logs/'] }
            actions: {
              baseBlob: { delete: { daysAfterModificationGreaterThan: logRetentionDays } }
            }
          }
        }
      ]
    }
  }
}
"""

_OUTPUTS = """
output servicebusNamespace string = '${namespace.name}.servicebus.windows.net'
output logBucket string = !hasAccount ? '' : \
'${account!.properties.primaryEndpoints.blob}runstream-logs'
"""


def bicep_template(queues: QueueSettings) -> str:
    """Write the template.

    The collector may send to three queues and receive from one; readers receive from two.
    """
    names = dict(zip(("metrics", "logs", "jobEvents"), queues.names, strict=True))
    parts = [_HEAD, "\n"]
    parts += [_ROLE.substitute(role=role, id=role_id) for role, role_id in _ROLES.items()]
    parts += [_queue(symbol, name) for symbol, name in names.items()]
    collector, reader = "collectorPrincipalId", "readerPrincipalId"
    parts += [_grant(f"{symbol}Sender", symbol, collector, "sender") for symbol in names]
    parts.append(_grant("jobEventsReceiver", "jobEvents", collector, "receiver"))
    parts += [
        _grant(f"{symbol}Reader", symbol, reader, "receiver") for symbol in ("metrics", "logs")
    ]
    has_account = " && hasAccount"
    parts += [
        _STORAGE,
        _grant("logWriter", "container", collector, "blobContributor", has_account),
        _grant("logReader", "container", reader, "blobReader", has_account),
        _OUTPUTS,
    ]
    return "".join(parts)


def _queue(symbol: str, name: str) -> str:
    is_work_queue = symbol == "jobEvents"
    return _QUEUE.substitute(
        symbol=symbol,
        name=name.replace("'", "\\'"),
        lock=WORK_LOCK_SECONDS if is_work_queue else READER_LOCK_SECONDS,
        deliveries=MAX_RECEIVES,
        detects_duplicates="false" if is_work_queue else "true",
        window=DUPLICATE_WINDOW_SECONDS,
    )


def _grant(symbol: str, scope: str, principal: str, role: str, more_conditions: str = "") -> str:
    return _GRANT.substitute(
        symbol=symbol,
        scope=scope,
        principal=principal,
        role=role,
        condition=f"!empty({principal}){more_conditions}",
    )
